"""One exchange on three event loops of virtual time: ours, async-solipsism's and looptime's.

A client waits for 100 s on a server that answers after 130 s, over asyncio streams: no HTTP, so that only the
loops differ. looptime uses real loopback sockets, the other two none.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

import async_solipsism  # type: ignore[import-untyped] # it has no types
import looptime

from benchmarks.figures import Figure, ratios, spread
from benchmarks.rounds import in_rounds
from benchmarks.simulation import microseconds
from firstbyte.harness.sim import Sim, run_sim

LIMIT, WORK = 100.0, 130.0
OURS = "firstbyte's simulation"
PORT = 8_080


def measure(rounds: int, each: int) -> Iterator[Figure]:
    """Microseconds of one exchange on each; a loop that lets the wrong side win fails the measurement."""
    taken = in_rounds(rounds, {name: partial(microseconds, play, each) for name, play in _LOOPS.items()})
    for name, samples in taken.items():
        yield Figure(
            id=f"peers.{name}", what=f"one exchange of 100 s over streams: {name}", unit="µs",
            value=spread(samples), beside="" if name == OURS else OURS,
            ratio=None if name == OURS else ratios(samples, taken[OURS]),
            how="CPU time, the loop made anew each time; ours also vouches that nothing is left over",
        )  # fmt: skip


async def exchange(host: str, port: int) -> None:
    """Both halves on one loop. Raises RuntimeError when the client was not left waiting."""
    handling: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        handling.add(task)
        try:
            await reader.readline()
            await asyncio.sleep(WORK)
            writer.write(b"answer\n")
        finally:
            writer.close()

    server = await asyncio.start_server(serve, host, port)
    waited, answer = await _ask(host, server.sockets[0].getsockname()[1])
    for task in handling:
        task.cancel()
    await asyncio.gather(*handling, return_exceptions=True)
    server.close()
    if answer or round(waited, 3) != LIMIT:
        raise RuntimeError(f"the client waited {waited} s and got {answer!r}")


async def _ask(host: str, port: int) -> tuple[float, bytes]:
    loop = asyncio.get_running_loop()
    began = loop.time()
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(b"question\n")
    answer = b""
    with suppress(TimeoutError):
        async with asyncio.timeout(LIMIT):
            answer = await reader.readline()
    writer.close()
    return loop.time() - began, answer


def _on_ours() -> None:
    async def main(sim: Sim) -> None:
        await sim.network.host("server").start(exchange("server", PORT))

    run_sim(main)


def _on_solipsism() -> None:
    _run(async_solipsism.EventLoop(), "server", PORT)


def _on_looptime() -> None:
    loop = asyncio.new_event_loop()
    assert isinstance(loop, asyncio.BaseEventLoop)
    _run(looptime.patch_event_loop(loop, start=0, _enabled=True), "127.0.0.1", 0)


def _run(loop: asyncio.AbstractEventLoop, host: str, port: int) -> None:
    try:
        loop.run_until_complete(exchange(host, port))
    finally:
        loop.close()


_LOOPS: dict[str, Callable[[], None]] = {
    OURS: _on_ours,
    "async-solipsism": _on_solipsism,
    "looptime": _on_looptime,
}
