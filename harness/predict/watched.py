"""The timers of one exchange, with the margin by which an answer passed.

The margin is the least time that any timer had left when it was stopped or set back. Timers on connecting
don't count, because a recording is made from another place, nor do timers on an upload that took no time.
"""

from firstbyte.harness.model.profile import Point, Timer
from firstbyte.harness.model.recording import Recording
from firstbyte.proxies.rules.timers import TimerBank, TimerPlan

#: An upload of at least so many microseconds counts for the margin.
_SLOW = 1_000_000
_CONNECTING = frozenset({Point.CONNECTED})
_UPLOAD = frozenset({Point.REQUEST_SENT, Point.REQUEST_RECEIVED})


def is_slow_upload(recording: Recording) -> bool:
    """Whether timers on the upload count."""
    return recording.sent_at >= _SLOW


class WatchedTimers:
    """A timer bank and its margin. margin: microseconds; None while no timer has been stopped or set back."""

    def __init__(self, plan: TimerPlan, *, is_slow_upload: bool) -> None:
        self._uncounted = _CONNECTING if is_slow_upload else _CONNECTING | _UPLOAD
        self._points = plan.points
        self._bank = TimerBank(plan)
        self.margin: int | None = None

    def __repr__(self) -> str:
        return f"<WatchedTimers {self._bank!r}, margin {self.margin}>"

    def note(self, point: Point, now: int) -> None:
        """Something happened."""
        if point not in self._points:
            return
        for timer, left in self._bank.left_by(point, now):
            self._count(timer, left)
        self._bank.note(point, now)

    def _count(self, timer: Timer, left: int) -> None:
        if self._uncounted.isdisjoint(timer.stops_on):
            self.margin = left if self.margin is None else min(self.margin, left)

    def due(self, now: int) -> Timer | None:
        """Take the timer whose deadline has come out of the bank."""
        due = self._bank.due(now)
        if due is None:
            return None
        timer, _deadline = due
        self._bank.expire(timer)
        return timer

    @property
    def deadline(self) -> int | None:
        """When the next timer fires."""
        return self._bank.deadline()

    def next_attempt(self, now: int) -> None:
        """The request is sent again."""
        self._bank.next_attempt(now)

    def stop(self, now: int) -> None:
        """The exchange is over."""
        for change in self._bank.stop(now):
            self._count(change.timer, change.left)
