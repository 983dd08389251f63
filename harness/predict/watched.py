"""The timers of one exchange, with the least time that any of them had left when it was stopped or set back.

Pure. That least time is the margin by which an answer passed. What an edge needs to connect is no part of
it, for a recording is made from another place; nor is an upload that took no time.
"""

from firstbyte.harness.model.profile import Point, Timer
from firstbyte.proxies.rules.timers import TimerBank, timer_plan

_CONNECTING = frozenset({Point.CONNECTED})
_UPLOAD = frozenset({Point.REQUEST_SENT, Point.REQUEST_RECEIVED})


class WatchedTimers:
    """A timer bank and its margin. margin: microseconds; None while no timer has been stopped or set back.

    is_slow_upload: whether deadlines on the upload count.
    """

    def __init__(self, timers: tuple[Timer, ...], *, is_slow_upload: bool) -> None:
        self._without = _CONNECTING if is_slow_upload else _CONNECTING | _UPLOAD
        self._bank = TimerBank(timer_plan(timers))
        self.margin: int | None = None

    def __repr__(self) -> str:
        return f"<WatchedTimers {self._bank!r}, margin {self.margin}>"

    def note(self, point: Point, now: int) -> None:
        """Something happened."""
        for timer, left in self._bank.left_by(point, now):
            self._less(timer, left)
        self._bank.note(point, now)

    def _less(self, timer: Timer, left: int) -> None:
        if self._without.isdisjoint(timer.stops_on):
            self.margin = left if self.margin is None else min(self.margin, left)

    def due(self, now: int) -> Timer | None:
        """The timer whose deadline has come, taken out of the bank."""
        due = self._bank.due(now)
        if due is None:
            return None
        self._bank.expire(due[0])
        return due[0]

    @property
    def deadline(self) -> int | None:
        """When the next one fires."""
        return self._bank.deadline()

    def next_attempt(self, now: int) -> None:
        """The request is sent again."""
        self._bank.next_attempt(now)

    def stop(self, now: int) -> None:
        """The exchange is over."""
        for change in self._bank.stop(now):
            self._less(change.timer, change.left)
