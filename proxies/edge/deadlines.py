"""The deadlines of one exchange: its timer bank, and the one alarm that wakes it for the next of them.

To let a timer start, stop or be reset at a new moment, add the moment to `Point` and call `reach` where it
happens.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from mitmproxy.proxy import events
from mitmproxy.proxy.commands import Command

from firstbyte.harness.model.profile import Point, Timer
from firstbyte.harness.model.timeline import Kind
from firstbyte.proxies.edge.journal import Journal
from firstbyte.proxies.edge.shared import SharedEdge
from firstbyte.proxies.http.signals import AlarmRang, Room, SetAlarm
from firstbyte.proxies.rules.timers import TimerBank, TimerChange, Transition


@dataclass(slots=True, eq=False)
class Deadlines:
    """Points in, timer events and alarms out."""

    _stream_id: int
    _edge: SharedEdge
    _journal: Journal
    bank: TimerBank = field(init=False)
    _alarm: int | None = None

    def __post_init__(self) -> None:
        self.bank = TimerBank(self._edge.plan)

    def __repr__(self) -> str:
        return f"<Deadlines {self.describe(self._journal.now) or 'none'}>"

    def describe(self, now: int) -> str:
        """The timer that fires first and how long it has, or '' when none runs."""
        timer, deadline = self.bank.first(), self.bank.deadline()
        if timer is None or deadline is None:
            return ""
        left = (deadline - now) / 1_000_000
        # In held mode a timer does not fire by the clock.
        return f"{timer.name} {left:g}s left" if left >= 0 else f"{timer.name} {-left:g}s past its limit"

    def reach(self, point: Point) -> None:
        """The exchange has come to this point: start, stop and reset what names it."""
        if point in self._edge.plan.points:
            changes = self.bank.note(point, self._journal.now)
            if changes and self._journal.is_watched:
                self._report(changes)

    def _report(self, changes: Iterable[TimerChange]) -> None:
        for turn, timer, left in changes:
            if turn is Transition.ARMED:
                self._journal.report(Kind.TIMER_ARMED, timer=timer.name, limit_us=int(left))
            else:
                self._journal.report(Kind.TIMER_STOPPED, timer=timer.name, left_us=left)

    def due(self, event: events.Event) -> tuple[Timer, int] | None:
        """The timer that fires before this event takes effect, with its deadline."""
        config = self._edge.config
        may_fire = (config.is_virtual or type(event) is AlarmRang) and not config.held
        return self.bank.due(self._journal.now) if may_fire else None

    def first(self) -> Timer:
        """The timer that would fire first; when none runs, one of the profile's own, for its name."""
        running = self.bank.first()
        if running is not None:
            return running
        for timer in self._edge.profile.timers:
            if Point.CONNECTED not in timer.stops_on:
                return timer
        return Timer(name="expire", starts_on=Point.REQUEST_STARTED, stops_on=(), limit=None)

    def expire(self, timer: Timer, *, tie: bool = False) -> None:
        """Write down that a timer has fired. tie: a byte of the origin came in the same microsecond."""
        self.bank.expire(timer)
        self._journal.record.fired.append(timer.name)
        self._journal.report(Kind.TIMER_FIRED, timer=timer.name, limit_us=int(timer.limit or 0), tie=tie)

    def change_room(self, room: Room) -> None:
        """The origin takes no more of the request, or more again. Meanwhile the client is not read from."""
        match room:
            case Room.FULL:
                self.bank.stop_waiting_for_client()
                self.reach(Point.SEND_BLOCKED)
            case Room.MOVED:
                self.reach(Point.REQUEST_WRITTEN)
            case Room.FREE:
                self.wait_for_client_again()
                self.reach(Point.SEND_RESUMED)

    def wait_for_client_again(self) -> None:
        """The client is read from: what was put aside for a full origin runs on."""
        self.bank.wait_for_client_again(self._journal.now)

    def give_up_attempt(self) -> None:
        """What the attempt has started is over, what the request has started runs on."""
        self._report(self.bank.next_attempt(self._journal.now))

    def set_alarm(self, resend_at: int | None) -> tuple[Command, ...]:
        """After each event: be woken at the next deadline. A later one waits for the alarm that is set."""
        bank = None if self._edge.config.held else self.bank.deadline()
        deadline = bank if resend_at is None else resend_at if bank is None else min(bank, resend_at)
        alarm = self._alarm
        if deadline is None and alarm is None:
            return ()
        if deadline is None or alarm is None or deadline < alarm or alarm <= self._journal.now:
            self._alarm = deadline
            return (SetAlarm(self._stream_id, deadline),)
        return ()

    def stop(self) -> tuple[Command, ...]:
        """The exchange is over: stop all timers and the alarm."""
        self._report(self.bank.stop(self._journal.now))
        return () if self._alarm is None else (SetAlarm(self._stream_id, None),)
