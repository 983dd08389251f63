"""When the garbage collector of an edge's process looks: often at little, at everything while nobody waits.

A look at the objects of a thousand held requests takes a tenth of a second, and every answer that is due
meanwhile is late by it. It must never let garbage pile up without end: a busy edge is swept too.
"""

import asyncio
import gc
from collections.abc import Callable

#: New objects between two looks at the new ones: about a millisecond each.
YOUNG = 1_000
#: Never by itself: the sweep does it.
NEVER = 1_000_000
#: Exchanges ended since the last sweep after which even a busy edge is swept; each leaves some 25 kB.
MOST = 5_000
#: Seconds between two looks whether it is time.
PAUSE = 1.0


class Sweeper:
    """Collects for the edges of this process. is_idle: no exchange is under way."""

    def __init__(self, is_idle: Callable[[], bool]) -> None:
        self._is_idle = is_idle
        self._ended = 0
        self._next: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<Sweeper {self._ended} ended since the last sweep>"

    def start(self) -> None:
        """What there is now is no garbage and never looked at again."""
        gc.freeze()
        gc.set_threshold(YOUNG, NEVER, NEVER)
        self._schedule()

    def _schedule(self) -> None:
        self._next = asyncio.get_running_loop().call_later(PAUSE, self._look)

    def ended(self) -> None:
        """An exchange is over."""
        self._ended += 1

    def _look(self) -> None:
        if self._ended and (self._ended >= MOST or self._is_idle()):
            self._ended = 0
            gc.collect()
        self._schedule()

    def stop(self) -> None:
        """No more sweeps."""
        if self._next is not None:
            self._next.cancel()
