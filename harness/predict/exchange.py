"""One recorded exchange put through one profile: the edge's rules as a small machine over a list of times.

Pure. Every branch is one of the emulated edge's; what differs is that nothing waits and nothing is sent.
"""

from collections.abc import Iterator

from firstbyte.harness.model.prediction import Outcome, Prediction
from firstbyte.harness.model.profile import (
    Cause,
    InterimAction,
    On204,
    Point,
    Profile,
    ResendCause,
    Timer,
)
from firstbyte.harness.model.recording import Finish, Recording
from firstbyte.harness.model.verdict import End
from firstbyte.harness.predict.agenda import Entry, Happens
from firstbyte.harness.predict.origin_side import OriginSide
from firstbyte.harness.predict.reading import Body, Broke, Ended, Fact, Header, Interim
from firstbyte.proxies.rules.cut import break_for

NO_CONTENT = 204
SWITCHING = 101


def predict(recording: Recording, profile: Profile) -> Prediction:
    """What this edge's client would have been told. Unknown values of the profile are taken as they stand."""
    return predict_and_tell(recording, profile)[0]


def predict_and_tell(recording: Recording, profile: Profile) -> tuple[Prediction, frozenset[str]]:
    """The prediction, and which parts of the profile it asked: `interim`, `cut.http1`, `answers.NAME`."""
    exchange = _Exchange(recording, profile)
    return exchange.play(), frozenset(exchange.asked)


class _Exchange(OriginSide):
    """The exchange; `OriginSide` holds the request's attempts."""

    def play(self) -> Prediction:
        self.begin()
        while not self._is_decided:
            step = min((at for at in (self.deadline, self.agenda.next_at) if at is not None), default=None)
            if step is None:
                break
            self.now = step
            if self.fire_due() or self.reconnect_if_due():
                continue
            if self.agenda.next_at == step:
                self._happen(self.agenda.pop())
        return self._prediction()

    @property
    def _is_decided(self) -> bool:
        return self.is_over or self.stopped or self.client.end is not None

    def fire_due(self) -> bool:
        timer = self.timers.due(self.now)
        if timer is not None:
            self._fire(timer)
        return timer is not None

    def _happen(self, entry: Entry) -> None:
        if entry.attempt not in (0, self.attempt) or (entry.attempt and not self.is_listening(entry)):
            return
        match entry.what:
            case Happens.UPLOAD:
                self.upload(entry.size)
            case Happens.UPLOAD_ENDED:
                self._upload_ended()
            case Happens.CONNECTED:
                self.connected()
            case Happens.READ | Happens.CLOSED if self.is_piped:
                self._pipe(entry.data if entry.what is Happens.READ else None)
            case Happens.READ:
                self.read()
                self._take(self.reader.feed(entry.data))
            case Happens.CLOSED:
                self._take(self.reader.closed(Cause.RESET if entry.finish is Finish.RESET else Cause.FIN))
            case Happens.STOPPED:
                self.stopped = True

    # ---- what the origin's bytes mean

    def _take(self, facts: Iterator[Fact]) -> None:
        attempt = self.attempt
        for fact in facts:
            if self.is_over or self.attempt != attempt or not self.is_connected:
                return
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

    def _interim(self, fact: Interim) -> None:
        self.interims += 1
        self.asked.add("interim")
        status, rules = fact.head.status, self.profile.interim
        action = interim_action(self.profile, status)
        if action is InterimAction.REFUSE or (rules.most is not None and self.interims > rules.most):
            self._garbage(f"refuses a {status}")
            return
        if status in rules.resets:
            self.timers.note(Point.INTERIM_RECEIVED, self.now)
        if action in (InterimAction.FORWARD, InterimAction.STRAND):
            self.reply.interim(fact.head, self.now)
        if action is InterimAction.STRAND:
            self.cause = f"takes a {status} for the answer"
            self.finish()

    def _header(self, fact: Header) -> None:
        head = fact.head
        if head.is_interim or head.status == SWITCHING:
            self.asked.add("interim")
        self.timers.note(Point.HEADER_COMPLETED, self.now)
        if self.resend(ResendCause.STATUS, head.status):
            return
        mutation = self.profile.mutation
        if head.status == SWITCHING and self.profile.interim.on_101 is InterimAction.REFUSE:
            self._garbage("refuses a 101")
        elif head.status == NO_CONTENT and head.announces_body and mutation.framed_204 is On204.REFUSE:
            self._garbage("refuses a 204 with a body")
        elif head.status in mutation.replaces and "replaced" in self.profile.answers:
            self.is_replaced = True
            self._answer("replaced", f"replaces the body of a {head.status}", head.status)
        else:
            self._written(self.reply.begin(head, self.now))

    def _body(self, data: bytes) -> None:
        self.timers.note(Point.BODY_READ, self.now)
        if data:
            self._written(self.reply.data(data, self.now))

    def _written(self, written: bool) -> None:
        if written:
            self.timers.note(Point.CLIENT_WRITE, self.now)

    def _ended(self) -> None:
        self.timers.note(Point.RESPONSE_COMPLETED, self.now)
        head = self.reply.head
        if head is not None and head.status == SWITCHING:
            self.is_piped = True
            self.timers.note(Point.UPGRADED, self.now)
            self._pipe(self.reader.rest())
            return
        self.reply.complete(self.now, upload_ended=self.upload_ended)
        self.finish()

    def _upload_ended(self) -> None:
        self.upload_ended_now()
        if self.late_answer:
            self._answer(self.late_answer, "")

    def _pipe(self, data: bytes | None) -> None:
        """Bytes of another protocol, after a 101; None: its end."""
        if data is None:
            self.client.close(self.now)
        elif data:
            self.timers.note(Point.ORIGIN_READ, self.now)
            self.client.write(data, self.now)

    def _broke(self, fact: Broke) -> None:
        if self.reply.head is not None:
            self._cut(fact.cause, _HOW[fact.cause])
        elif fact.cause is Cause.GARBAGE:
            self._garbage(fact.detail)
        else:
            is_stale = self.is_stale
            if is_stale and self.resend(ResendCause.STALE):
                return
            cause = ResendCause.PARTIAL if fact.partial else ResendCause.CLOSED
            if not self.resend(cause):
                self._answer(self._closed_answer(fact, is_stale=is_stale), _HOW[fact.cause])

    def _closed_answer(self, fact: Broke, *, is_stale: bool) -> str:
        if fact.partial and self.profile.partial_header in self.profile.answers:
            return self.profile.partial_header
        if is_stale and "stale" in self.profile.answers:
            return "stale"
        return "reset" if fact.cause is Cause.RESET else "closed"

    # ---- what the edge does

    def _fire(self, timer: Timer) -> None:
        self.fired = timer
        if self.is_piped:
            self.is_cut = True
            self.client.close(self.now)
            return
        reply = self.reply
        if reply.header_forwarded or (reply.head is not None and not timer.answer):
            self._cut(Cause.TIMER, "")
            return
        was_connected = self.is_connected
        after = self.profile.interim.after if self.interims and was_connected else ""
        if reply.head is None and self.resend(ResendCause.TIMER if was_connected else ResendCause.CONNECT):
            return
        if timer.after_upload and not self.upload_ended:
            self.late_answer = after or timer.answer
            self.is_connected = False
            self.timers.next_attempt(self.now)
            return
        self._answer(after or timer.answer or "timeout", "")

    def _cut(self, cause: Cause, why: str) -> None:
        self.is_cut = True
        self.asked.add("cut.http1")
        self.cause = why
        how = break_for(self.profile.cut, cause, self.reply.framing)
        self.reply.break_off(how, self.now, upload_ended=self.upload_ended)
        self.finish()

    def _garbage(self, why: str) -> None:
        if not self.resend(ResendCause.GARBAGE):
            self._answer("protocol-error", why)

    def _answer(self, key: str, why: str, status: int | None = None) -> None:
        self.is_answered = True
        self.asked.add(f"answers.{key}")
        self.cause = why
        self.reply.answer(self.profile.answers[key].status if status is None else status, self.now)
        self.finish()

    # ---- what it comes to

    def _prediction(self) -> Prediction:
        client = self.client
        ended = (self.is_cut or self.is_answered) and not self.cause
        fired = self.fired if ended else None
        return Prediction(
            outcome=self._outcome(),
            status=client.status,
            end=client.end or End.OPEN,
            at=client.at,
            margin=self.timers.margin,
            timer=fired.name if fired else "",
            limit=fired.limit if fired else None,
            cause=self._not_recorded if self.is_guess else self.cause or (_TOO_SHORT if self.stopped else ""),
            requests=self.requests,
        )

    @property
    def _not_recorded(self) -> str:
        return NOT_RECORDED if self.recording.is_taken else NOT_TAKEN

    def _outcome(self) -> Outcome:
        if self.is_guess or (self.stopped and self.client.end is None):
            return Outcome.UNKNOWN
        is_own = self.is_cut or (self.is_answered and not self.is_replaced)
        is_whole = self.client.end is End.COMPLETE and not is_own
        return Outcome.PASSES if is_whole else Outcome.CUT


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


def interim_action(profile: Profile, status: int) -> InterimAction:
    """What this edge does with a 1xx. RFC 9110 15.2: one it has no rule for is forwarded."""
    rules = profile.interim
    return {100: rules.on_100, 102: rules.on_102, 103: rules.on_103}.get(status, InterimAction.FORWARD)
