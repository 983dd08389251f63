"""What a server may ask of the world: two clocks, randomness, and a way to block its event loop.

The rim supplies it, so that a simulation can supply another. Nothing else in this package reads a clock or an
entropy source.
"""

import time
from collections.abc import Awaitable, Callable

import msgspec

from firstbyte.tokens import random_base62


class Env(msgspec.Struct, frozen=True, kw_only=True):
    """The four things a server needs from outside.

    monotonic_us: microseconds of a clock that never goes back. wall_ms: unix time in milliseconds.
    token(n): n base62 characters. block(seconds): returns when the event loop has been unable to serve
    anyone for that long.
    """

    monotonic_us: Callable[[], int]
    wall_ms: Callable[[], int]
    token: Callable[[int], str]
    block: Callable[[float], Awaitable[None]]


def real_env() -> Env:
    """The machine's clocks and entropy; blocking really blocks."""
    return Env(monotonic_us=_monotonic_us, wall_ms=_wall_ms, token=random_base62, block=_block)


def _monotonic_us() -> int:
    return time.monotonic_ns() // 1000


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


async def _block(seconds: float) -> None:
    # The point of this handler is a loop that serves nobody, so the blocking call is meant.
    time.sleep(seconds)  # noqa: ASYNC251, TID251
