"""The request's side of a predicted exchange: its upload, its attempts, and when the origin has it.

Pure. A request that is sent again gets what a new connection got when it was recorded.
"""

from firstbyte.harness.model.profile import InterimAction, Point, Profile, ResendCause, Timer
from firstbyte.harness.model.recording import Answered, Recording
from firstbyte.harness.predict.agenda import Agenda, Entry, Happens, begins_before_upload_ends
from firstbyte.harness.predict.reading import OriginReader
from firstbyte.harness.predict.reply import PredictedReply, ToClient
from firstbyte.harness.predict.watched import WatchedTimers
from firstbyte.proxies.rules import resend as rules

#: As the emulated edge has it: bytes of one request kept for sending it again.
MAX_REPLAY_BYTES = 1024 * 1024
#: An upload of so many microseconds comes into the margin.
SLOW = 1_000_000


class OriginSide:
    """What is known at `now`."""

    def __init__(self, recording: Recording, profile: Profile) -> None:
        self.recording = recording
        self.profile = profile
        self.agenda = Agenda()
        self.timers = WatchedTimers(profile.timers, is_slow_upload=recording.sent_at >= SLOW)
        self.client = ToClient(recording.method)
        self.reply = PredictedReply(profile, recording.method, self.client)
        self.now = 0
        self.attempt = 1
        self.requests = 0
        self.interims = 0
        self.is_connected = False
        self.upload_ended = False
        self.is_over = self.stopped = self.is_piped = False
        self.is_guess = not recording.is_taken
        self.is_cut = self.is_answered = self.is_replaced = False
        self.fired: Timer | None = None
        self.cause = ""
        self.asked: set[str] = set()
        self.late_answer = ""
        self._uploaded = 0
        self._any_byte = False
        self._reused = False
        self._connect_at: int | None = None
        self._new_reader()

    def _new_reader(self) -> None:
        interim = self.profile.interim
        by_status = {100: interim.on_100, 102: interim.on_102, 103: interim.on_103}
        final = frozenset(status for status, does in by_status.items() if does is InterimAction.FINAL)
        self.reader = OriginReader(self.recording.method, final, self.profile)

    @property
    def deadline(self) -> int | None:
        """When something has to be looked at without anything happening."""
        return min((at for at in (self.timers.deadline, self._connect_at) if at is not None), default=None)

    @property
    def is_stale(self) -> bool:
        """A used connection that has not brought a byte."""
        return self._reused and not self._any_byte

    def is_listening(self, entry: Entry) -> bool:
        """Whether what this attempt's connection brings still matters."""
        return not self.late_answer and (self.is_connected or entry.what is Happens.CONNECTED)

    # ---- the request

    def begin(self) -> None:
        """The request's head is here; the rest of it is on its way."""
        recording = self.recording
        for piece in recording.uploads:
            self.agenda.add(piece.at, Happens.UPLOAD, size=piece.size)
        self.agenda.add(recording.uploads[-1].at if recording.uploads else 0, Happens.UPLOAD_ENDED)
        self.timers.note(Point.REQUEST_STARTED, 0)
        if not self.profile.buffer_request:
            self._connect(may_reuse=True)

    def upload(self, size: int) -> None:
        """A piece of the body has come in."""
        self.timers.note(Point.REQUEST_READ, self.now)
        self._uploaded += size

    def upload_ended_now(self) -> None:
        """The whole request has come in."""
        self.upload_ended = True
        self.timers.note(Point.REQUEST_RECEIVED, self.now)
        if self.late_answer:
            return
        if self.profile.buffer_request:
            self._connect(may_reuse=True)
        elif self.is_connected:
            self._sent()

    # ---- attempts

    def _connect(self, *, may_reuse: bool) -> None:
        self._connect_at = None
        self._reused = may_reuse and self.recording.reused and self.profile.origin.reuse
        self.timers.note(Point.CONNECT_STARTED, self.now)
        takes = 0 if self._reused else self.recording.setup.connecting
        self.agenda.add(self.now + takes, Happens.CONNECTED, self.attempt)

    def connected(self) -> None:
        """The connection is there, and what has come in so far goes out on it."""
        self.is_connected = True
        self.requests += 1
        self.timers.note(Point.CONNECTED, self.now)
        if begins_before_upload_ends(self.recording, self._answered):
            # How it would have taken a request that comes whole, or for the second time, was not recorded.
            self.is_guess |= self.profile.buffer_request or self.attempt > 1
            self.agenda.add_answer(self._answered, self.now, self.attempt)
        if self.upload_ended:
            self._sent()

    @property
    def _answered(self) -> Answered:
        afresh = self.recording.afresh
        return self.recording.answer if afresh is None or self._reused else afresh

    def _sent(self) -> None:
        self.timers.note(Point.REQUEST_SENT, self.now)
        if not begins_before_upload_ends(self.recording, self._answered):
            self.agenda.add_answer(self._answered, self.now - self.recording.sent_at, self.attempt)

    def read(self) -> None:
        """Bytes have come from the origin."""
        self.timers.note(Point.ORIGIN_READ, self.now)
        if not self._any_byte:
            self._any_byte = True
            self.timers.note(Point.FIRST_BYTE_READ, self.now)

    def resend(self, cause: ResendCause, status: int = 0) -> bool:
        """Start the next attempt, if the profile has one for this cause."""
        rule = rules.rule_for(self.profile, self.recording.method, cause, status)
        has_body = self._uploaded > 0
        too_long = self._uploaded > MAX_REPLAY_BYTES
        if rule is None or self.attempt >= rule.attempts or (has_body and (not rule.body or too_long)):
            return False
        if has_body and not rules.may_need_body(self.profile, self.recording.method):
            return False
        self.attempt += 1
        self._any_byte = self.is_connected = self._reused = False
        self.timers.next_attempt(self.now)
        self._new_reader()
        self._connect_at = self.now + rule.delay
        return True

    def reconnect_if_due(self) -> bool:
        """The pause between two attempts is over."""
        if self._connect_at is None or self._connect_at > self.now:
            return False
        self._connect(may_reuse=False)
        return True

    def finish(self) -> None:
        """The exchange is over."""
        self.is_over = True
        self.timers.stop(self.now)
