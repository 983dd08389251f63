"""`firstbyte edge`: one or more emulated edges in front of a server, by hand or for a runner.

The rim: reads the machine's clock, prints, ends on SIGINT and SIGTERM. It must never leave a port, a file
of a key or a task behind.
"""

import asyncio
import json
import os
import secrets
import signal
import sys
from contextlib import ExitStack, suppress
from typing import IO

import msgspec

from firstbyte.harness import redact
from firstbyte.harness.model.units import format_duration
from firstbyte.harness.problems import BadInput, Problem
from firstbyte.proxies.program.arguments import EdgeArguments, parse, read_upstream

type Commands = asyncio.Queue[str | None]
"""What is to become of the edge: a URL = the same before that server, '' = rest, None = end."""


def main(argv: list[str] | None = None) -> int:
    """Run until told to stop. Exit codes: 0 stopped, 2 bad input, 4 a bug."""
    redact.configure(os.environ)
    try:
        arguments = parse(sys.argv[1:] if argv is None else argv)
        asyncio.run(run(arguments))
    except Problem as problem:
        sys.stderr.write(f"firstbyte edge: {problem}\n")
        return problem.exit_code
    return 0


async def run(arguments: EdgeArguments) -> None:
    """Start everything, wait for the signal, end everything."""
    # mitmproxy takes half a second to import: not before the options are known to be right.
    from firstbyte.proxies.program.chain import running_chain  # noqa: PLC0415

    commands: Commands = asyncio.Queue()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, commands.put_nowait, None)
    if arguments.end_with_stdin:
        _watch_stdin(loop, commands)
    with ExitStack() as stack:
        events = _events_file(arguments.events, stack)
        token = os.environ.get("FIRSTBYTE_TOKEN") or secrets.token_urlsafe(24)
        now = arguments
        while True:
            async with running_chain(now, events, _say, token) as chain:
                _announce(now, chain.url, chain.control_url, token)
                command = await commands.get()
            if command == "":
                _tell_starter({"resting": True})
                command = await commands.get()
            if not command:
                break
            upstream = read_upstream(command, verify=arguments.upstream.verify)
            now = msgspec.structs.replace(arguments, upstream=upstream)


def _watch_stdin(loop: asyncio.AbstractEventLoop, commands: Commands) -> None:
    descriptor = sys.stdin.fileno()
    rest = b""

    def read() -> None:
        nonlocal rest
        data = os.read(descriptor, 4096)
        if not data:
            loop.remove_reader(descriptor)
            commands.put_nowait(None)
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            commands.put_nowait(line.decode("utf-8", "replace").strip())

    try:
        loop.add_reader(descriptor, read)
    except OSError as error:  # a file, or /dev/null: it has ended before it began
        raise BadInput("--end-with-stdin: standard input is no pipe; leave the option out") from error


def _events_file(target: str, stack: ExitStack) -> IO[bytes] | None:
    if not target:
        return None
    return stack.enter_context(open(int(target) if target.isdigit() else target, "ab", buffering=0))


def _say(text: str) -> None:
    with suppress(BrokenPipeError):
        sys.stderr.write(f"{redact.text(text)}\n")
        sys.stderr.flush()


def _announce(arguments: EdgeArguments, url: str, control_url: str, token: str) -> None:
    for number, hop in enumerate(arguments.hops):
        limits = ", ".join(
            f"{timer.name} {format_duration(timer.limit)}"
            for timer in hop.profile.timers
            if timer.limit is not None
        )
        _say(f"edge {number} {hop.profile.id}: {limits or 'no limits'}")
        for assumed in hop.assumed:
            _say(f"edge {number} {hop.profile.id}: nobody could confirm {assumed}: assumed")
    if not arguments.listen.is_loopback:
        _say("warning: other machines can reach the upstream through this edge (--allow-remote)")
    ready: dict[str, str | int] = {"ready": url, "pid": os.getpid()}
    if control_url:
        ready |= {"control": control_url}
        _say(f"held mode: {control_url}" + ("" if "FIRSTBYTE_TOKEN" in os.environ else f" token {token}"))
    upstream = arguments.upstream
    scheme = "https" if upstream.tls else "http"
    _say(f"listening on {url}, upstream {scheme}://{upstream.host}:{upstream.port}")
    if arguments.ready_json:
        _tell_starter(ready)


def _tell_starter(what: dict[str, str | int]) -> None:
    """One line of JSON for the program that started this one."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()
