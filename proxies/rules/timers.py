"""Keeps the timers of one exchange: which of them run, and until when.

Points and times go in, changes come out. A reset only moves a deadline: whoever waits for the old deadline
asks again when it has come.
"""

from collections.abc import Iterator, Sequence
from enum import Enum, auto
from functools import lru_cache
from typing import NamedTuple

from firstbyte.harness.model.profile import Point, Timer

#: Points of the client's request. All other points are forgotten when the request is sent again.
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
    """The timers of a profile, sorted by the points that they react to. It does not change."""

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
    """The plan of these timers, made once for all edges that have them."""
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
        """Something happened at `now` microseconds. Returns the timers that it armed and stopped.

        Stops come before starts, so that one timer can hand over to the next.
        """
        resets, stops, starts = self._plan.points.get(point, _NOTHING)
        self._passed.add(point)
        deadlines = self._deadlines
        for index in resets:
            if index in deadlines:
                deadlines[index] = now + self._plan.limits[index]
        changes = self._stop(stops, now) if stops and deadlines else []
        for index in starts:
            # An answer may come before its request has been sent whole. A timer that it stops must not
            # start after it.
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
        """The origin takes no more, so the client is not read from: timers that wait for it can't fire."""
        self._passed.discard(Point.SEND_RESUMED)
        for index in self._plan.of_the_client & self._deadlines.keys():
            self._aside[index] = self._deadlines.pop(index)

    def wait_for_client_again(self, now: int) -> None:
        """The client is read from again: a limit on one read starts anew, one on the whole request ran on."""
        for index, deadline in self._aside.items():
            is_for_one_read = Point.REQUEST_READ in self._plan.timers[index].reset_by
            self._deadlines[index] = now + self._plan.limits[index] if is_for_one_read else deadline
        self._aside.clear()

    def due(self, now: int) -> tuple[Timer, int] | None:
        """The timer whose deadline came first, with that deadline; None when no deadline has come.

        At a tie the profile's order decides.
        """
        if not self._deadlines or min(self._deadlines.values()) > now:
            return None
        deadline, index = min((at, index) for index, at in self._deadlines.items())
        return self._plan.timers[index], deadline

    def first(self) -> Timer | None:
        """The timer that would fire first if nothing else happened."""
        if not self._deadlines:
            return None
        return self._plan.timers[min((at, index) for index, at in self._deadlines.items())[1]]

    def deadline(self) -> int | None:
        """The next deadline, in microseconds; None when no timer runs."""
        return min(self._deadlines.values()) if self._deadlines else None

    def expire(self, timer: Timer) -> None:
        """Take a timer that has fired out of the bank."""
        self._deadlines.pop(self._plan.timers.index(timer), None)

    def next_attempt(self, now: int) -> tuple[TimerChange, ...]:
        """The request is sent again. Timers that the client's request started run on, all others stop."""
        self._passed &= _OF_THE_REQUEST
        self.wait_for_client_again(now)
        old = tuple(i for i in self._deadlines if self._plan.timers[i].starts_on not in _OF_THE_REQUEST)
        return tuple(self._stop(old, now))

    def stop(self, now: int) -> tuple[TimerChange, ...]:
        """The exchange is over: stop all timers."""
        self._deadlines |= self._aside
        self._aside.clear()
        return tuple(self._stop(tuple(self._deadlines), now))
