"""The simulation's clock, a `firstbyte.harness.clock.Clock`.

It stands still while anything is left to do. It must never read the wall clock.
"""

import asyncio
from collections.abc import Callable

from firstbyte.harness.model.units import Duration
from firstbyte.harness.sim.loop import SimLoop


class SimClock:
    """Virtual time: exact, the same in every run."""

    def __init__(self, loop: SimLoop) -> None:
        self._loop = loop

    def __repr__(self) -> str:
        return f"<SimClock {self.now() / 1e6:.6f}s>"

    def now(self) -> int:
        """Microseconds since the run began."""
        return self._loop.now

    def call_later(self, delay: Duration, callback: Callable[[], object]) -> asyncio.TimerHandle:
        """Call back `delay` from now."""
        return self._loop.call_at_us(self._loop.now + delay, callback)
