"""The request of a predicted exchange: its upload, its attempts, and when the origin has got it.

A request that is sent again gets the answer that the recording has for a new connection.
"""

from firstbyte.harness.model.interim import final_interims
from firstbyte.harness.model.profile import Point, Profile, ResendCause
from firstbyte.harness.model.recording import Answered, Recording
from firstbyte.harness.predict.agenda import Agenda, Entry, Happens, begins_before_upload_ends
from firstbyte.harness.predict.reading import OriginReader
from firstbyte.harness.predict.watched import WatchedTimers
from firstbyte.proxies.rules.config import MAX_REPLAY_BYTES
from firstbyte.proxies.rules.resend import rule_for


class Attempts:
    """The attempts to get an answer from the origin. `now` is always the current microsecond.

    is_guess: the recording does not show what this edge's way to send the request would have led to.
    reader: reads what comes back for the current attempt.
    """

    def __init__(self, recording: Recording, profile: Profile, timers: WatchedTimers, agenda: Agenda) -> None:
        self.requests = 0
        self.is_connected = False
        self.upload_ended = False
        self.is_guess = not recording.is_taken
        self.reconnect_at: int | None = None
        self._recording = recording
        self._profile = profile
        self._timers = timers
        self._agenda = agenda
        self._number = 1
        self._uploaded = 0
        self._any_byte = False
        self._reused = False
        self._is_given_up = False
        self.reader = self._new_reader()

    def __repr__(self) -> str:
        state = "given up" if self._is_given_up else "connected" if self.is_connected else "not connected"
        return f"<Attempts {self._number}, {state}>"

    def _new_reader(self) -> OriginReader:
        return OriginReader(self._recording.method, final_interims(self._profile.interim), self._profile)

    @property
    def is_stale(self) -> bool:
        """Whether this attempt has a reused connection that has not brought a byte."""
        return self._reused and not self._any_byte

    def concerns(self, entry: Entry) -> bool:
        """Whether an entry of the agenda is the client's, or belongs to the current attempt."""
        if entry.attempt == 0:
            return True
        is_listening = self.is_connected or entry.what is Happens.CONNECTED
        return entry.attempt == self._number and is_listening and not self._is_given_up

    def begin(self) -> None:
        """The head of the request has come in."""
        uploads = self._recording.uploads
        for piece in uploads:
            self._agenda.add(piece.at, Happens.UPLOAD, size=piece.size)
        self._agenda.add(uploads[-1].at if uploads else 0, Happens.UPLOAD_ENDED)
        self._timers.note(Point.REQUEST_STARTED, 0)
        if not self._profile.buffer_request:
            self._connect(0, may_reuse=True)

    def upload(self, size: int, now: int) -> None:
        """A piece of the body has come in."""
        self._timers.note(Point.REQUEST_READ, now)
        self._uploaded += size

    def end_upload(self, now: int) -> None:
        """The whole request has come in."""
        self.upload_ended = True
        self._timers.note(Point.REQUEST_RECEIVED, now)
        if self._is_given_up:
            return
        if self._profile.buffer_request:
            self._connect(now, may_reuse=True)
        elif self.is_connected:
            self._sent(now)

    def _connect(self, now: int, *, may_reuse: bool) -> None:
        self.reconnect_at = None
        self._reused = may_reuse and self._recording.reused and self._profile.origin.reuse
        self._timers.note(Point.CONNECT_STARTED, now)
        takes = 0 if self._reused else self._recording.setup.connecting
        self._agenda.add(now + takes, Happens.CONNECTED, self._number)

    def connected(self, now: int) -> None:
        """The connection is there, and what has come in so far goes out on it."""
        self.is_connected = True
        self.requests += 1
        self._timers.note(Point.CONNECTED, now)
        if begins_before_upload_ends(self._recording, self._answer):
            # The recording does not show how the origin takes a request that comes whole, or once more.
            self.is_guess |= self._profile.buffer_request or self._number > 1
            self._agenda.add_answer(self._answer, now, self._number)
        if self.upload_ended:
            self._sent(now)

    @property
    def _answer(self) -> Answered:
        afresh = self._recording.afresh
        return self._recording.answer if afresh is None or self._reused else afresh

    def _sent(self, now: int) -> None:
        self._timers.note(Point.REQUEST_SENT, now)
        if not begins_before_upload_ends(self._recording, self._answer):
            self._agenda.add_answer(self._answer, now - self._recording.sent_at, self._number)

    def read(self, now: int) -> None:
        """Bytes have come from the origin."""
        self._timers.note(Point.ORIGIN_READ, now)
        if not self._any_byte:
            self._any_byte = True
            self._timers.note(Point.FIRST_BYTE_READ, now)

    def resend(self, cause: ResendCause, now: int, status: int = 0) -> bool:
        """Start the next attempt, if the profile has one for this cause."""
        rule = rule_for(self._profile, self._recording.method, cause, status)
        if rule is None or self._number >= rule.attempts:
            return False
        if self._uploaded and (not rule.body or self._uploaded > MAX_REPLAY_BYTES):
            return False
        self._number += 1
        self._any_byte = self.is_connected = self._reused = False
        self._timers.next_attempt(now)
        self.reader = self._new_reader()
        self.reconnect_at = now + rule.delay
        return True

    def reconnect_if_due(self, now: int) -> bool:
        """Connect again if the pause between two attempts is over."""
        if self.reconnect_at is None or self.reconnect_at > now:
            return False
        self._connect(now, may_reuse=False)
        return True

    def give_up(self, now: int) -> None:
        """Leave the origin while the client is still sending."""
        self._is_given_up = True
        self.is_connected = False
        self._timers.next_attempt(now)
