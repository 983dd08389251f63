"""The edges of one process, one behind the other, with what they write, and the control port.

Started from the upstream outwards, ended the other way round.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import IO

import msgspec

from firstbyte.address import host_port
from firstbyte.collector import IdleCollector
from firstbyte.descriptors import watch
from firstbyte.harness import redact
from firstbyte.harness.clock import RealClock, utc_now
from firstbyte.harness.model.timeline import Event
from firstbyte.harness.problems import BadInput
from firstbyte.proxies.edge.record import Record
from firstbyte.proxies.edge.server import EdgeServer
from firstbyte.proxies.edge.shared import Hooks, NoHooks, SharedEdge
from firstbyte.proxies.program.arguments import Address, EdgeArguments
from firstbyte.proxies.program.control import Control
from firstbyte.proxies.program.flow_file import FlowWriter
from firstbyte.proxies.program.har import HarWriter
from firstbyte.proxies.program.request_log import line
from firstbyte.proxies.program.tls import temporary_tls
from firstbyte.proxies.rules.config import EdgeConfig, TlsFiles, Upstream
from firstbyte.tokens import random_hex

#: Seconds the upstream gets to show that it is there, before the warning that it is not.
PROBE_SECONDS = 2.0
CLOCK = RealClock(began_ns=0)


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """A running chain. url: where clients connect. control_url: '' unless held."""

    servers: tuple[EdgeServer, ...]
    url: str
    control_url: str


class Reporter:
    """Where events and records go."""

    def __init__(
        self,
        events: IO[bytes] | None,
        say: Callable[[str], None],
        *,
        quiet: bool,
        keepers: Sequence[HarWriter | FlowWriter],
    ) -> None:
        self.report = None if events is None else _one_line_each(events)
        self._say = say
        self._quiet = quiet
        self._keepers = keepers
        self._ended: Callable[[], None] = lambda: None

    def on_end(self, ended: Callable[[], None]) -> None:
        """Call this after each exchange."""
        self._ended = ended

    def done(self, record: Record) -> None:
        """One line, or several when the product logs lines of its own."""
        self._ended()
        if record.hop == 0:
            for keeper in self._keepers:
                keeper.add(record)
        if not self._quiet:
            for text in (line(record), *map(redact.text, record.log)):
                self._say(text)


def _one_line_each(events: IO[bytes]) -> Callable[[Event], None]:
    encode = msgspec.json.Encoder().encode

    def report(event: Event) -> None:
        events.write(encode(event) + b"\n")

    return report


@asynccontextmanager
async def running_chain(
    arguments: EdgeArguments, events: IO[bytes] | None, say: Callable[[str], None], token: str
) -> AsyncIterator[Chain]:
    """Start the chain; everything is gone afterwards. Raises BadInput when a port can't be had."""
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    watch(asyncio.get_running_loop(), lambda text: say(f"warning: {text}"))
    files = _files(arguments)
    reporter = Reporter(events, say, quiet=arguments.quiet, keepers=[keeper for keeper, _ in files])
    async with AsyncExitStack() as stack:
        hooks: Hooks = NoHooks()
        if arguments.addon is not None:
            # mitmproxy's addons warn on import and cost as much as all the rest.
            from firstbyte.proxies.program.addons import script_hooks  # noqa: PLC0415

            hooks = await stack.enter_async_context(script_hooks(arguments.addon, say))
        tls = stack.enter_context(temporary_tls(arguments.listen.host)) if arguments.tls else None
        await _warn_if_unreachable(arguments.upstream, say)
        servers, front = await _start(arguments, reporter, tls, hooks, stack)
        if tls is not None:
            # The server has read it: from here on not even kill -9 leaves it behind.
            tls.key.unlink()
        control_url = await _start_control(arguments.control, servers, token, stack)
        for keeper, path in files:
            stack.callback(keeper.write, path)
        collector = IdleCollector(lambda: not any(server.active for server in servers))
        reporter.on_end(collector.count_ended)
        collector.start(asyncio.get_running_loop())
        stack.callback(collector.stop)
        if tls is not None:
            say(f"TLS: the certificate's authority is {tls.authority}")
        yield Chain(
            servers=tuple(reversed(servers)),
            url=f"{'https' if tls else 'http'}://{host_port(front.host, front.port)}",
            control_url=control_url,
        )


def _files(arguments: EdgeArguments) -> list[tuple[HarWriter | FlowWriter, Path]]:
    """What is written at the end, and where to."""
    began, began_us = utc_now(), CLOCK.now()
    files: list[tuple[HarWriter | FlowWriter, Path]] = []
    if arguments.save_har is not None:
        files.append((HarWriter(began, began_us), arguments.save_har))
    if arguments.save_flows is not None:
        files.append((FlowWriter(began.timestamp(), began_us), arguments.save_flows))
    return files


async def _start(
    arguments: EdgeArguments, reporter: Reporter, tls: TlsFiles | None, hooks: Hooks, stack: AsyncExitStack
) -> tuple[list[EdgeServer], Address]:
    servers: list[EdgeServer] = []
    upstream = arguments.upstream
    address = arguments.listen
    for number in reversed(range(len(arguments.hops))):
        is_front = number == 0
        config = EdgeConfig(
            profile=arguments.hops[number].profile,
            upstream=upstream,
            hop=number,
            tls=tls if is_front else None,
            held=is_front and arguments.control is not None,
            is_virtual=False,
        )
        shared = SharedEdge(
            config,
            clock=CLOCK,
            report=reporter.report,
            token=random_hex,
            stamp=_stamp,
            hooks=hooks if is_front else NoHooks(),
            done=reporter.done,
            keeps_bodies=is_front and (arguments.save_har or arguments.save_flows) is not None,
        )
        server = EdgeServer(shared)
        address = arguments.listen if is_front else Address(host="127.0.0.1", port=0)
        host, port = await _listen(server, address)
        stack.push_async_callback(server.close)
        servers.append(server)
        address = Address(host=host, port=port)
        upstream = Upstream(host=host, port=port)
    return servers, address


async def _listen(server: EdgeServer, address: Address) -> tuple[str, int]:
    try:
        found = await server.start(address.host, address.port)
        server.deepen()
        return found
    except OSError as error:
        raise BadInput(
            f"--listen: {address.host}:{address.port} can't be had: {error.strerror or error}; "
            "choose another port, or 0 for a free one"
        ) from error


async def _start_control(
    control: Address | None, servers: list[EdgeServer], token: str, stack: AsyncExitStack
) -> str:
    if control is None:
        return ""
    app = Control(servers[-1].held_mode, token)
    try:
        host, port = await app.start(control.host, control.port)
    except OSError as error:
        raise BadInput(
            f"--control: {control.host}:{control.port} can't be had: {error.strerror or error}"
        ) from error
    stack.push_async_callback(app.close)
    return f"http://{host_port(host, port)}"


async def _warn_if_unreachable(upstream: Upstream, say: Callable[[str], None]) -> None:
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            _, writer = await asyncio.open_connection(upstream.host, upstream.port)
    except (OSError, TimeoutError) as error:
        where = f"{upstream.host}:{upstream.port}"
        say(f"warning: nothing answers at {where} ({str(error) or 'timeout'}); requests get connect errors")
        return
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


def _stamp() -> str:
    return utc_now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
