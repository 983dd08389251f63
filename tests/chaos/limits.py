"""Many exchanges with an origin that waits half or twice the limit of an edge: how often is the edge wrong?

Edge and origin are processes. Nothing is held against a clock here: half a limit is the margin.
"""

import asyncio
from pathlib import Path

import msgspec

from firstbyte.harness.client.ask import ask
from firstbyte.harness.model.shape import End, Head, Shape, Wait
from firstbyte.harness.model.units import Duration, format_duration
from firstbyte.harness.process.child import Child, start_child
from firstbyte.harness.targets.reference import encode_shape

ORIGIN, EDGE = "firstbyte.harness.origin.shape_main", "firstbyte.proxies.program.main"
LISTEN = ("--listen", "127.0.0.1:0")
TIMED_OUT = 524


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """Statuses by how often they came. wait and limit: microseconds."""

    wait: int
    limit: int
    statuses: dict[int, int]


async def rate(folder: Path, *, wait: Duration, limit: Duration, exchanges: int, at_once: int) -> Rate:
    """Play `exchanges`, `at_once` at a time, behind cloudflare-100 with `limit`."""
    origin, edge = await _started(folder, wait, limit)
    places = asyncio.Semaphore(at_once)
    statuses: dict[int, int] = {}

    async def one() -> None:
        async with places:
            status = (await ask(edge.address, "GET", "/")).status
        statuses[status] = statuses.get(status, 0) + 1

    try:
        await asyncio.gather(*(one() for _ in range(exchanges)))
    finally:
        await edge.stop()
        await origin.stop()
    return Rate(wait=wait, limit=limit, statuses=statuses)


async def _started(folder: Path, wait: Duration, limit: Duration) -> tuple[Child, Child]:
    shape = Shape(id="late", title="Answers late.", steps=(Wait(duration=wait), Head(), End()))
    path = folder / "shape.json"
    path.write_bytes(encode_shape(shape))
    origin = await start_child("origin", ORIGIN, [*LISTEN, "--shape", str(path)], folder)
    arguments = ["--upstream", f"http://127.0.0.1:{origin.address[1]}", "--profile", "cloudflare-100"]
    arguments += ["--set", f"timers.proxy-read.limit={format_duration(limit)}", "--quiet", "--ready-json"]
    return origin, await start_child("edge", EDGE, [*LISTEN, *arguments], folder)
