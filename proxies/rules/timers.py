"""Which timers of a profile run in one exchange, and until when.

Pure: points and times in, changes out. A reset only moves a deadline; who waits for it asks again when the
old one has come. It must never read a clock or wait.
"""

from collections.abc import Iterator, Sequence
from enum import Enum, auto
from functools import lru_cache
from typing import NamedTuple

from firstbyte.harness.model.profile import Point, Timer

#: Points that belong to the client's request. The others begin anew when the request is sent again.
_OF_THE_REQUEST = frozenset({Point.REQUEST_STARTED, Point.REQUEST_READ, Point.REQUEST_RECEIVED})


class Transition(Enum):
    """What happened to a timer."""

    ARMED = auto()
    STOPPED = auto()


class TimerChange(NamedTuple):
    """A timer was armed or stopped. left: microseconds until its deadline at that moment."""

    turn: Transition
    timer: Timer
    left: int


class TimerPlan:
    """The timers of a profile, sorted by the points they react to. It never changes."""

    def __init__(self, timers: tuple[Timer, ...]) -> None:
        self.limits = {index: timer.limit for index, timer in enumerate(timers) if timer.limit is not None}
        self.timers = timers
        self.starts: dict[Point, tuple[int, ...]] = {}
        self.stops: dict[Point, tuple[int, ...]] = {}
        self.resets: dict[Point, tuple[int, ...]] = {}
        for index in self.limits:
            _add(self.starts, (timers[index].starts_on,), index)
            _add(self.stops, timers[index].stops_on, index)
            _add(self.resets, timers[index].reset_by, index)
        self.points = {
            point: (self.resets.get(point, ()), self.stops.get(point, ()), self.starts.get(point, ()))
            for point in (*self.starts, *self.stops, *self.resets)
        }
        self.of_the_client = frozenset(
            index for index in self.limits if Point.REQUEST_RECEIVED in timers[index].stops_on
        )


@lru_cache(maxsize=256)
def timer_plan(timers: tuple[Timer, ...]) -> TimerPlan:
    """The plan of these timers, for every edge that has them."""
    return TimerPlan(timers)


def _add(table: dict[Point, tuple[int, ...]], points: tuple[Point, ...], index: int) -> None:
    for point in points:
        table[point] = (*table.get(point, ()), index)


_NOTHING: tuple[tuple[int, ...], ...] = ((), (), ())


class TimerBank:
    """The timers of one exchange."""

    __slots__ = ("_aside", "_deadlines", "_passed", "_plan")

    def __init__(self, plan: TimerPlan) -> None:
        self._plan = plan
        self._aside: dict[int, int] = {}
        self._deadlines: dict[int, int] = {}
        self._passed: set[Point] = set()

    def __repr__(self) -> str:
        running = ", ".join(f"{self._plan.timers[i].name} until {at}us" for i, at in self._deadlines.items())
        return f"<TimerBank {running or 'idle'}>"

    def note(self, point: Point, now: int) -> Sequence[TimerChange]:
        """Something happened at `now` microseconds.

        Stops come before starts: a timer may hand over to the next.
        """
        resets, stops, starts = self._plan.points.get(point, _NOTHING)
        self._passed.add(point)
        deadlines = self._deadlines
        for index in resets:
            if index in deadlines:
                deadlines[index] = now + self._plan.limits[index]
        changes = self._stop(stops, now) if stops and deadlines else []
        for index in starts:
            # An answer may come before its request has been sent whole: what it stops must not start after
            # it.
            timer = self._plan.timers[index]
            if index not in deadlines and self._passed.isdisjoint(timer.stops_on):
                limit = self._plan.limits[index]
                deadlines[index] = now + limit
                changes.append(TimerChange(Transition.ARMED, timer, limit))
        return changes

    def left_by(self, point: Point, now: int) -> Iterator[tuple[Timer, int]]:
        """Each running timer that this point stops or sets back, with the microseconds it still has."""
        for table in (self._plan.resets, self._plan.stops):
            for index in table.get(point, ()):
                if index in self._deadlines:
                    yield self._plan.timers[index], self._deadlines[index] - now

    def _stop(self, indexes: tuple[int, ...], now: int) -> list[TimerChange]:
        return [
            TimerChange(Transition.STOPPED, self._plan.timers[index], self._deadlines.pop(index) - now)
            for index in indexes
            if index in self._deadlines
        ]

    def stop_waiting_for_client(self) -> None:
        """The origin takes no more, so nobody reads from the client: what waits for it can't fire."""
        self._passed.discard(Point.SEND_RESUMED)
        for index in self._plan.of_the_client & self._deadlines.keys():
            self._aside[index] = self._deadlines.pop(index)

    def wait_for_client_again(self, now: int) -> None:
        """It is read from again: a limit on one read begins anew, one on the whole request has run on."""
        for index, deadline in self._aside.items():
            is_for_one_read = Point.REQUEST_READ in self._plan.timers[index].reset_by
            self._deadlines[index] = now + self._plan.limits[index] if is_for_one_read else deadline
        self._aside.clear()

    def due(self, now: int) -> tuple[Timer, int] | None:
        """The timer whose deadline came first, with that deadline.

        None when none has come. The profile's order at a tie.
        """
        if not self._deadlines or min(self._deadlines.values()) > now:
            return None
        deadline, index = min((at, index) for index, at in self._deadlines.items())
        return self._plan.timers[index], deadline

    def first(self) -> Timer | None:
        """The timer that would fire first if nothing happened any more."""
        if not self._deadlines:
            return None
        return self._plan.timers[min((at, index) for index, at in self._deadlines.items())[1]]

    def deadline(self) -> int | None:
        """When to look again, in microseconds; None when no timer runs."""
        return min(self._deadlines.values()) if self._deadlines else None

    def expire(self, timer: Timer) -> None:
        """Take a timer that has fired out of the bank."""
        self._deadlines.pop(self._plan.timers.index(timer), None)

    def next_attempt(self, now: int) -> tuple[TimerChange, ...]:
        """The request is sent again.

        What the origin's side started is over, what the request started runs on.
        """
        self._passed &= _OF_THE_REQUEST
        self.wait_for_client_again(now)
        old = tuple(i for i in self._deadlines if self._plan.timers[i].starts_on not in _OF_THE_REQUEST)
        return tuple(self._stop(old, now))

    def stop(self, now: int) -> tuple[TimerChange, ...]:
        """The exchange is over: stop all."""
        self._deadlines |= self._aside
        self._aside.clear()
        return tuple(self._stop(tuple(self._deadlines), now))
