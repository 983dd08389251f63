"""The clocks. A run has one, and everything that stamps an event or arms a timer is given it.

Only this module and the simulation, which has its own, may read a clock. It must never scale a limit: limits
are scaled once, in the data, before a process starts to use them.
"""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Protocol

from firstbyte.harness.model.units import Duration


class Timer(Protocol):
    """A callback that is to come."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """Time for one process of a run."""

    def now(self) -> int:
        """Microseconds since the run began, in unscaled time: what a timeline shows."""

    def call_later(self, delay: Duration, callback: Callable[[], object]) -> Timer:
        """Call back after `delay`, which is in this process's own, already scaled, time."""


class RealClock:
    """CLOCK_MONOTONIC, the same for every process of the machine.

    `began_ns` is `monotonic_ns` when the run began, `scale` how many times faster than the wall the run goes:
    stamps are multiplied back by it.
    """

    def __init__(self, *, scale: float = 1, began_ns: int | None = None) -> None:
        self.began_ns = monotonic_ns() if began_ns is None else began_ns
        self._scale = scale

    def __repr__(self) -> str:
        return f"<RealClock {self.now() / 1e6:.6f}s, scale {self._scale:g}>"

    def now(self) -> int:
        return round((monotonic_ns() - self.began_ns) * self._scale / 1_000)

    def call_later(self, delay: Duration, callback: Callable[[], object]) -> Timer:
        from asyncio import get_running_loop  # noqa: PLC0415 - half of what `firstbyte check` would load

        return get_running_loop().call_later(delay / 1_000_000, callback)


class HeldTimer:
    """A timer that fires when told."""

    def __init__(self, clock: "HeldClock", delay: Duration, callback: Callable[[], object]) -> None:
        self.delay = delay
        self._clock = clock
        self._callback = callback

    def __repr__(self) -> str:
        return f"<HeldTimer of {self.delay / 1e6:g}s, {'held' if self in self._clock.held else 'over'}>"

    def cancel(self) -> None:
        self._clock.held.pop(self, None)

    def expire(self) -> None:
        """Fire now. Does nothing once the timer has fired or was cancelled."""
        if self in self._clock.held:
            self.cancel()
            self._callback()


class HeldClock:
    """Stamps like `stamps`, but a timer waits until somebody expires it: no test can lose a race."""

    def __init__(self, stamps: Clock) -> None:
        self.held: dict[HeldTimer, None] = {}
        self._stamps = stamps

    def __repr__(self) -> str:
        return f"<HeldClock {len(self.held)} timers held>"

    def now(self) -> int:
        return self._stamps.now()

    def call_later(self, delay: Duration, callback: Callable[[], object]) -> HeldTimer:
        timer = HeldTimer(self, delay, callback)
        self.held[timer] = None
        return timer


def today() -> date:
    """The date, UTC."""
    return datetime.now(UTC).date()  # noqa: TID251 - this module is the clock


def wall_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


def monotonic_of_unix() -> int:
    """Microseconds to add to a Unix time in microseconds to get CLOCK_MONOTONIC: for programs that say when
    something happened by the calendar. Right as long as nobody sets the clock meanwhile.
    """
    return (time.monotonic_ns() - time.time_ns()) // 1_000


def monotonic_ns() -> int:
    """The machine's monotonic clock: the one place the wall's pace is read."""
    return time.monotonic_ns()
