"""What was ordered for one request: to hold its answer, or a fault that comes when the origin has answered.

A fault comes that late so that what the server has done is certain. It is done to the request that was
meant, once, and `Seen.fired` is the proof that it was.
"""

from dataclasses import dataclass, field

from mitmproxy import http
from mitmproxy.proxy import events

from firstbyte.harness.model.profile import CloseKind, Framing
from firstbyte.harness.model.timeline import Kind
from firstbyte.proxies.edge.deadlines import Deadlines
from firstbyte.proxies.edge.decisions import Decision, Expire, SendAgain
from firstbyte.proxies.edge.journal import Journal
from firstbyte.proxies.edge.reply import UPGRADE, EdgeReply
from firstbyte.proxies.edge.shared import SharedEdge
from firstbyte.proxies.edge.upload import Upload
from firstbyte.proxies.http.mutation import mutate_by_order
from firstbyte.proxies.rules.orders import Action, HeldRequest, Next, Seen

#: The cause of what an order did, beside those of a profile.
ORDER = "order"


@dataclass(slots=True, eq=False)
class Ordered:
    """The order for one request, if there is one. kept_back: events of the origin that wait for a release."""

    _id: int
    _edge: SharedEdge
    _upload: Upload
    _journal: Journal
    _deadlines: Deadlines
    kept_back: list[events.Event] = field(default_factory=list)
    _bytes_left: int = 0
    _order: Next | None = field(init=False)
    _seen: Seen = field(init=False)

    def __post_init__(self) -> None:
        record = self._journal.record
        self._order = self._edge.held.order_for(record.method, record.path)
        self._seen = Seen(id=self._id, method=record.method, path=record.path, ordered=self.action)
        self._edge.held.note(self._seen)
        if self.action is Action.RESEND:
            self._upload.keep()

    def __repr__(self) -> str:
        return f"<Ordered {self.action or 'nothing'}, {len(self.kept_back)} events kept back>"

    @property
    def action(self) -> Action | None:
        """What was ordered and has not been done yet."""
        return self._order.action if self._order else None

    def mark_done(self) -> None:
        """What was ordered has happened."""
        self._order = None
        self._seen.fired = True

    def release(self) -> list[events.Event]:
        """Nothing is done to this request any more. Returns what was kept back of its answer."""
        if self.action is Action.HOLD:
            self.mark_done()
        self._order = None
        kept, self.kept_back = self.kept_back, []
        return kept

    def describe(self) -> HeldRequest:
        """What a list of held requests says of it."""
        record, timer = self._journal.record, self._deadlines.bank.first()
        return HeldRequest(
            id=self._id,
            method=record.method,
            path=record.path,
            request=record.request,
            timer=timer.name if timer else "",
            answered=bool(self.kept_back),
        )

    # ---- faults

    def take_header(self, response: http.Response) -> Decision | None:
        """The origin's header is here: do to the answer what was ordered. None: it goes on."""
        match self.action:
            case Action.CUT_HEADER:
                self._journal.report(Kind.HEADER_COMPLETED, status=response.status_code)
                self.mark_done()
                return Expire()
            case Action.RESEND if self._upload.is_whole and self._upload.is_kept:
                self._journal.report(Kind.HEADER_COMPLETED, status=response.status_code)
                self.mark_done()
                return SendAgain(ORDER, leave=CloseKind.FIN)
            case Action.CUT_BODY:
                self._bytes_left = _before_the_cut(response, self._order.after if self._order else 0)
            case Action.MUTATE if response.status_code != UPGRADE:
                for what in mutate_by_order(response, self._journal.record.method):
                    self._journal.report(Kind.MUTATED, what=what)
                self.mark_done()
        return None

    def take_body(self, data: bytes) -> tuple[bytes, bool]:
        """What of these bytes goes on, and whether the answer is cut after them."""
        if self.action is not Action.CUT_BODY:
            return data, False
        going, self._bytes_left = data[: self._bytes_left], self._bytes_left - len(data)
        return going, self._bytes_left < 0

    def cuts_before_the_end(self, framing: Framing) -> bool:
        """Whether a body that was shorter than it should be is cut before its last chunk."""
        has_body = self._journal.record.response_size > 0
        return self.action is Action.CUT_BODY and has_body and framing is Framing.CHUNKED

    # ---- the end

    def stop_listening(self) -> None:
        """No order reaches this request any more."""
        self._edge.held.remove(self._id)

    def note_end(self, reply: EdgeReply) -> None:
        """Write down what the client was told."""
        seen, record = self._seen, self._journal.record
        seen.answer = record.answer
        seen.body_bytes = 0 if record.answer else record.response_size
        seen.status = record.status if reply.header_forwarded else 0
        if reply.client_left:
            seen.end = "left"
        elif record.end == "cut":
            seen.end = "cut"
        else:
            seen.end = "complete" if seen.status else "dropped"


def _before_the_cut(response: http.Response, after: int) -> int:
    """Bytes that go on: fewer than there are, where the header says how many."""
    length = response.headers.get("content-length", "")
    return min(after, max(int(length) - 1, 0)) if length.isascii() and length.isdigit() else after
