"""The machine's clocks. A run has one clock, and everything that stamps an event is given it.

Only this module and the simulation, which has its own, may read a clock. It must never scale a limit: limits
are scaled once, in the data, before a process starts to use them.
"""

import time
from datetime import UTC, date, datetime
from typing import Protocol


class Clock(Protocol):
    """Time for one process of a run."""

    def now(self) -> int:
        """Microseconds since the clock began, in unscaled time: what a timeline shows."""


class RealClock:
    """CLOCK_MONOTONIC, the same for every process of the machine.

    began_ns: the `monotonic_ns` at which the clock shows 0; None = now. scale: how many times faster than the
    wall the run goes: stamps are multiplied by it.
    """

    def __init__(self, *, scale: float = 1, began_ns: int | None = None) -> None:
        self.began_ns = monotonic_ns() if began_ns is None else began_ns
        self._scale = scale

    def __repr__(self) -> str:
        return f"<RealClock {self.now() / 1e6:.6f}s, scale {self._scale:g}>"

    def now(self) -> int:
        return int((monotonic_ns() - self.began_ns) * self._scale) // 1_000


def utc_now() -> datetime:
    """The time of day."""
    return datetime.now(UTC)  # noqa: TID251 - this module is the clock


def today() -> date:
    """The date, UTC."""
    return utc_now().date()


def wall_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


def monotonic_of_unix() -> int:
    """Microseconds to add to a Unix time in microseconds to get CLOCK_MONOTONIC: for programs that log events
    by the time of day. Right as long as nobody sets the clock meanwhile.
    """
    return (time.monotonic_ns() - time.time_ns()) // 1_000


def monotonic_ns() -> int:
    """CLOCK_MONOTONIC in nanoseconds. Nothing else may read it."""
    return time.monotonic_ns()
