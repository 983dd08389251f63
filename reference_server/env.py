"""The server's environment: two clocks, a source of randomness, and a way to block the event loop.

The caller supplies it, so that a simulation can supply its own. Nothing else in this package reads a clock or
an entropy source.
"""

import time
from collections.abc import Awaitable, Callable

import msgspec

from firstbyte.tokens import random_base62


class Env(msgspec.Struct, frozen=True, kw_only=True):
    """The functions that a server needs from outside.

    monotonic_us: microseconds of a monotonic clock. wall_ms: Unix time in milliseconds. token(n): n random
    base62 characters. block(seconds): blocks the event loop for that long.
    """

    monotonic_us: Callable[[], int]
    wall_ms: Callable[[], int]
    token: Callable[[int], str]
    block: Callable[[float], Awaitable[None]]


def real_env() -> Env:
    """Returns the machine's clocks and entropy. `block` sleeps in the event loop's thread."""
    return Env(monotonic_us=_monotonic_us, wall_ms=_wall_ms, token=random_base62, block=_block)


def _monotonic_us() -> int:
    return time.monotonic_ns() // 1000


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


async def _block(seconds: float) -> None:
    # The handler no-content-blocking shows an event loop that serves nobody, so this call has to block.
    time.sleep(seconds)  # noqa: ASYNC251, TID251
