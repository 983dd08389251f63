"""Puts one recorded exchange through one profile: a state machine over the times of the recording.

It follows the emulated edge branch by branch, but nothing waits and nothing is sent.
"""

from collections.abc import Iterator
from enum import Enum, auto

from firstbyte.harness.model.interim import interim_action
from firstbyte.harness.model.prediction import Outcome, Prediction
from firstbyte.harness.model.profile import Cause, InterimAction, On204, Point, ResendCause, Timer
from firstbyte.harness.model.recording import Finish, Recording
from firstbyte.harness.model.verdict import End
from firstbyte.harness.predict.agenda import Agenda, Entry, Happens
from firstbyte.harness.predict.attempts import Attempts
from firstbyte.harness.predict.head import NO_CONTENT, SWITCHING
from firstbyte.harness.predict.prepared import PreparedProfile
from firstbyte.harness.predict.reading import Body, Broke, Ended, Fact, Header, Interim
from firstbyte.harness.predict.reply import PredictedReply, ToClient
from firstbyte.harness.predict.watched import WatchedTimers, is_slow_upload
from firstbyte.proxies.rules.answer import closed_answer
from firstbyte.proxies.rules.cut import break_for

NOT_RECORDED = "the origin answered before the upload had ended; this edge sends the request in another way"
NOT_TAKEN = "the origin did not take the whole request, and an edge keeps more of it than a probe can see"
_TOO_SHORT = "the recording ends before any deadline"
_HOW = {
    Cause.TIMER: "",
    Cause.FIN: "the origin closed",
    Cause.FIN_AT_BOUNDARY: "the origin closed",
    Cause.RESET: "the origin reset the connection",
    Cause.GARBAGE: "the origin's answer is malformed",
}


class Answerer(Enum):
    """Whose answer the client gets."""

    ORIGIN = auto()
    ORIGIN_CUT = auto()  # a part of the origin's
    EDGE = auto()
    EDGE_REPLACING = auto()  # the origin's status with the edge's body


class PredictedExchange:
    """One exchange.

    asked: the parts of the profile that it has looked at: `interim`, `cut.http1`, `answers.NAME`.
    """

    def __init__(self, recording: Recording, prepared: PreparedProfile) -> None:
        self.asked: set[str] = set()
        self._recording = recording
        self._profile = prepared.profile
        self._agenda = Agenda()
        self._timers = WatchedTimers(prepared.plan, is_slow_upload=is_slow_upload(recording))
        self._attempts = Attempts(recording, self._profile, self._timers, self._agenda)
        self._client = ToClient(recording.method)
        self._reply = PredictedReply(self._profile, recording.method, self._client)
        self._now = 0
        self._interims = 0
        self._is_over = False
        self._is_piped = False
        self._recording_ended = False
        self._answerer = Answerer.ORIGIN
        self._fired: Timer | None = None
        self._cause = ""
        self._late_answer = ""

    def __repr__(self) -> str:
        return f"<PredictedExchange at {self._now}us, {self._attempts!r}, {self._timers!r}>"

    def play(self) -> Prediction:
        """What the client gets."""
        self._attempts.begin()
        while (now := self._next_time()) is not None:
            self._now = now
            timer = self._timers.due(now)
            if timer is not None:
                self._fire(timer)
            elif not self._attempts.reconnect_if_due(now) and self._agenda.next_at == now:
                self._happen(self._agenda.pop())
        return self._prediction()

    def _next_time(self) -> int | None:
        """When something happens next; None when the result is known."""
        if self._is_over or self._recording_ended or self._client.end is not None:
            return None
        times = (self._timers.deadline, self._attempts.reconnect_at, self._agenda.next_at)
        return min((at for at in times if at is not None), default=None)

    def _happen(self, entry: Entry) -> None:
        attempts = self._attempts
        if not attempts.concerns(entry):
            return
        match entry.what:
            case Happens.UPLOAD:
                attempts.upload(entry.size, self._now)
            case Happens.UPLOAD_ENDED:
                attempts.end_upload(self._now)
                if self._late_answer:
                    self._answer(self._late_answer, "")
            case Happens.CONNECTED:
                attempts.connected(self._now)
            case Happens.READ | Happens.CLOSED if self._is_piped:
                self._pipe(entry.data if entry.what is Happens.READ else None)
            case Happens.READ:
                attempts.read(self._now)
                self._take(attempts.reader.feed(entry.data))
            case Happens.CLOSED:
                cause = Cause.RESET if entry.finish is Finish.RESET else Cause.FIN
                self._take(attempts.reader.closed(cause))
            case Happens.STOPPED:
                self._recording_ended = True

    # ---- what the origin's bytes mean

    def _take(self, facts: Iterator[Fact]) -> None:
        for fact in facts:
            match fact:
                case Interim():
                    self._interim(fact)
                case Header():
                    self._header(fact)
                case Body():
                    self._body(fact.data)
                case Ended():
                    self._ended()
                case Broke():
                    self._broke(fact)
            # A new attempt is not connected yet, and what an earlier one brings has no meaning any more.
            if self._is_over or not self._attempts.is_connected:
                return

    def _interim(self, fact: Interim) -> None:
        self._interims += 1
        self.asked.add("interim")
        status, rules = fact.head.status, self._profile.interim
        action = interim_action(rules, status)
        if action is InterimAction.REFUSE or (rules.most is not None and self._interims > rules.most):
            self._garbage(f"refuses a {status}")
            return
        if status in rules.resets:
            self._timers.note(Point.INTERIM_RECEIVED, self._now)
        if action in (InterimAction.FORWARD, InterimAction.STRAND):
            self._reply.interim(fact.head, self._now)
        if action is InterimAction.STRAND:
            self._cause = f"takes a {status} for the answer"
            self._finish()

    def _header(self, fact: Header) -> None:
        head, mutation = fact.head, self._profile.mutation
        if head.is_interim or head.status == SWITCHING:
            self.asked.add("interim")
        self._timers.note(Point.HEADER_COMPLETED, self._now)
        if self._attempts.resend(ResendCause.STATUS, self._now, head.status):
            return
        if head.status == SWITCHING and self._profile.interim.on_101 is InterimAction.REFUSE:
            self._garbage("refuses a 101")
        elif head.status == NO_CONTENT and head.announces_body and mutation.framed_204 is On204.REFUSE:
            self._garbage("refuses a 204 with a body")
        elif head.status in mutation.replaces and "replaced" in self._profile.answers:
            self._answer("replaced", f"replaces the body of a {head.status}", head.status)
            self._answerer = Answerer.EDGE_REPLACING
        elif self._reply.begin(head, self._now):
            self._timers.note(Point.CLIENT_WRITE, self._now)

    def _body(self, data: bytes) -> None:
        self._timers.note(Point.BODY_READ, self._now)
        if data and self._reply.data(data, self._now):
            self._timers.note(Point.CLIENT_WRITE, self._now)

    def _ended(self) -> None:
        self._timers.note(Point.RESPONSE_COMPLETED, self._now)
        head = self._reply.head
        if head is not None and head.status == SWITCHING:
            self._is_piped = True
            self._timers.note(Point.UPGRADED, self._now)
            self._pipe(self._attempts.reader.rest())
            return
        self._reply.complete(self._now, upload_ended=self._attempts.upload_ended)
        self._finish()

    def _pipe(self, data: bytes | None) -> None:
        """Pass on bytes of another protocol, after a 101. None: its end."""
        if data is None:
            self._client.close(self._now)
        elif data:
            self._timers.note(Point.ORIGIN_READ, self._now)
            self._client.write(data, self._now)

    def _broke(self, fact: Broke) -> None:
        if self._reply.head is not None:
            self._cut(fact.cause, _HOW[fact.cause])
            return
        if fact.cause is Cause.GARBAGE:
            self._garbage(fact.detail)
            return
        attempts = self._attempts
        is_stale = attempts.is_stale
        if is_stale and attempts.resend(ResendCause.STALE, self._now):
            return
        if not attempts.resend(ResendCause.PARTIAL if fact.partial else ResendCause.CLOSED, self._now):
            key = closed_answer(self._profile, fact.cause, partial=fact.partial, stale=is_stale)
            self._answer(key, _HOW[fact.cause])

    # ---- what the edge does

    def _fire(self, timer: Timer) -> None:
        self._fired = timer
        if self._is_piped:
            self._answerer = Answerer.ORIGIN_CUT
            self._client.close(self._now)
            return
        reply, attempts = self._reply, self._attempts
        if reply.header_forwarded or (reply.head is not None and not timer.answer):
            self._cut(Cause.TIMER, "")
            return
        cause = ResendCause.TIMER if attempts.is_connected else ResendCause.CONNECT
        after = self._profile.interim.after if self._interims and attempts.is_connected else ""
        is_on_its_way = not self._late_answer and (attempts.upload_ended or not self._profile.buffer_request)
        if is_on_its_way and reply.head is None and attempts.resend(cause, self._now):
            return
        if timer.after_upload and not attempts.upload_ended:
            self._late_answer = after or timer.answer or "timeout"
            attempts.give_up(self._now)
            return
        self._answer(after or timer.answer or "timeout", "")

    def _cut(self, cause: Cause, why: str) -> None:
        self._answerer = Answerer.ORIGIN_CUT
        self.asked.add("cut.http1")
        self._cause = why
        how = break_for(self._profile.cut, cause, self._reply.framing)
        self._reply.break_off(how, self._now, upload_ended=self._attempts.upload_ended)
        self._finish()

    def _garbage(self, why: str) -> None:
        if not self._attempts.resend(ResendCause.GARBAGE, self._now):
            self._answer("protocol-error", why)

    def _answer(self, key: str, why: str, status: int | None = None) -> None:
        self._answerer = Answerer.EDGE
        self.asked.add(f"answers.{key}")
        self._cause = why
        self._reply.answer(self._profile.answers[key].status if status is None else status, self._now)
        self._finish()

    def _finish(self) -> None:
        self._is_over = True
        self._timers.stop(self._now)

    # ---- what it comes to

    def _prediction(self) -> Prediction:
        client = self._client
        fired = None if self._cause or self._answerer is Answerer.ORIGIN else self._fired
        return Prediction(
            outcome=self._outcome(),
            status=client.status,
            end=client.end or End.OPEN,
            at=client.at,
            margin=self._timers.margin,
            timer=fired.name if fired else "",
            limit=fired.limit if fired else None,
            cause=self._shown_cause(),
            requests=self._attempts.requests,
        )

    def _shown_cause(self) -> str:
        if self._attempts.is_guess:
            return NOT_RECORDED if self._recording.is_taken else NOT_TAKEN
        return self._cause or (_TOO_SHORT if self._recording_ended else "")

    def _outcome(self) -> Outcome:
        is_open = self._client.end is None
        if self._attempts.is_guess or (self._recording_ended and is_open):
            return Outcome.UNKNOWN
        is_of_the_origin = self._answerer in (Answerer.ORIGIN, Answerer.EDGE_REPLACING)
        is_whole = self._client.end is End.COMPLETE and is_of_the_origin
        return Outcome.PASSES if is_whole else Outcome.CUT
