"""When the garbage collector runs: what each kind of process of firstbyte asks of it.

Every command loads this, so it loads next to nothing.
"""

import atexit
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, TimerHandle

_COMMAND_YOUNG: Final = 50_000
_EDGE_YOUNG: Final = 1_000
_NEVER: Final = 1_000_000
MOST_ENDED: Final = 5_000
"""A busy edge has a full collection after so many exchanges; each leaves some 25 kB."""
PAUSE_SECONDS: Final = 1.0
"""Between two looks whether a full collection is due."""


@contextmanager
def rare() -> Iterator[None]:
    """For a command: it makes many objects and drops few. With the default threshold, a third of the time of
    reading TOML goes to collections. There is none at the end of the process.
    """
    atexit.register(gc.freeze)
    before = gc.get_threshold()
    gc.set_threshold(_COMMAND_YOUNG, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def frozen() -> Iterator[None]:
    """For a process that forks: workers don't examine what they inherit, which would copy its memory."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def disabled() -> Iterator[None]:
    """For a simulation: a collection runs finalizers at a time that depends on what the process did before,
    and a simulation has to repeat exactly.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class IdleCollector:
    """For the process of an edge: full collections while no request waits, or after many exchanges.

    To examine the objects of a thousand held requests takes 0.1 s, and every answer that is due meanwhile is
    late by as much. is_idle: whether no exchange is under way.
    """

    def __init__(self, is_idle: Callable[[], bool]) -> None:
        self._is_idle = is_idle
        self._ended = 0
        self._next: TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<IdleCollector {self._ended} exchanges ended since the last full collection>"

    def start(self, loop: "AbstractEventLoop") -> None:
        """Exempt what exists now, and let only the youngest objects be collected automatically."""
        gc.freeze()
        # A collection of so many new objects takes about a millisecond.
        gc.set_threshold(_EDGE_YOUNG, _NEVER, _NEVER)
        self._schedule(loop)

    def count_ended(self) -> None:
        """Count an exchange that has ended."""
        self._ended += 1

    def stop(self) -> None:
        """Run no more full collections."""
        if self._next is not None:
            self._next.cancel()

    def _schedule(self, loop: "AbstractEventLoop") -> None:
        self._next = loop.call_later(PAUSE_SECONDS, self._collect_if_due, loop)

    def _collect_if_due(self, loop: "AbstractEventLoop") -> None:
        if self._ended and (self._ended >= MOST_ENDED or self._is_idle()):
            self._ended = 0
            gc.collect()
        self._schedule(loop)
