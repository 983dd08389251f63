"""The timers of one exchange, and what it reports: points in, events out.

It must never read a clock: who calls says what time it is.
"""

from collections.abc import Iterable

from firstbyte.harness.model.profile import Point, Timer
from firstbyte.harness.model.timeline import Kind
from firstbyte.proxies.edge.record import Record
from firstbyte.proxies.edge.shared import SharedEdge
from firstbyte.proxies.http.signals import Room
from firstbyte.proxies.rules.timers import TimerBank, TimerChange, Transition


class Timing:
    """What an exchange knows of time. now: the current microsecond, set before each event."""

    __slots__ = ("_edge", "bank", "now", "record")

    record: Record

    def __init__(self, edge: SharedEdge) -> None:
        self.bank = TimerBank(edge.plan)
        self.now = 0
        self._edge = edge

    def tell(self, kind: Kind, **data: str | int | bool) -> None:
        """Report an event of this request at the current microsecond."""
        if self._edge.is_watched:
            self._edge.tell(kind, self.record.request, self.now, **data)

    def note(self, point: Point) -> None:
        """Let the timers know of a point."""
        if point in self._edge.plan.points:
            changes = self.bank.note(point, self.now)
            if changes and self._edge.is_watched:
                self._tell_changes(changes)

    def _tell_changes(self, changes: Iterable[TimerChange]) -> None:
        for turn, timer, left in changes:
            if turn is Transition.ARMED:
                self.tell(Kind.TIMER_ARMED, timer=timer.name, limit_us=int(left))
            else:
                self.tell(Kind.TIMER_STOPPED, timer=timer.name, left_us=left)

    def expired(self, timer: Timer, *, tie: bool) -> None:
        """Write down that a timer has fired. tie: a byte of the origin came in the same microsecond."""
        self.bank.expire(timer)
        self.record.fired.append(timer.name)
        self.tell(Kind.TIMER_FIRED, timer=timer.name, limit_us=int(timer.limit or 0), tie=tie)

    def room_changed(self, room: Room) -> None:
        """The origin takes no more of the request, or more again. Meanwhile the client is not read from."""
        match room:
            case Room.FULL:
                self.bank.stop_waiting_for_client()
                self.note(Point.SEND_BLOCKED)
            case Room.MOVED:
                self.note(Point.REQUEST_WRITTEN)
            case Room.FREE:
                self.bank.wait_for_client_again(self.now)
                self.note(Point.SEND_RESUMED)
