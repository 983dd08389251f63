"""The simulation's clock, a `firstbyte.harness.clock.Clock`.

It stands still while anything is left to do. It must never read the machine's clock.
"""

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
