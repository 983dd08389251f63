"""The origin's answer: what the profile, an order and a user's addon make of each part of it.

Each method takes one event of the origin, sends on what goes on, and returns what else has to be done.
"""

from dataclasses import dataclass

from mitmproxy import http
from mitmproxy.proxy.layer import CommandGenerator
from mitmproxy.proxy.layers.http._events import ResponseData, ResponseEndOfMessage, ResponseHeaders

from firstbyte.harness.model.profile import Cause, CloseKind, InterimAction, On204, Point, ResendCause
from firstbyte.harness.model.timeline import Kind
from firstbyte.proxies.edge import decisions
from firstbyte.proxies.edge.attempts import Attempts
from firstbyte.proxies.edge.deadlines import Deadlines
from firstbyte.proxies.edge.flow_hooks import FlowHooks
from firstbyte.proxies.edge.journal import Journal
from firstbyte.proxies.edge.ordered import Ordered
from firstbyte.proxies.edge.reply import UPGRADE, EdgeReply
from firstbyte.proxies.edge.shared import SharedEdge
from firstbyte.proxies.http.head_rules import is_framed
from firstbyte.proxies.http.signals import InterimReceived, OriginBroke
from firstbyte.proxies.rules.answer import closed_answer

NO_CONTENT = 204


@dataclass(slots=True, eq=False)
class Response:
    """The answer of one exchange, of whichever attempt. interims: how many 1xx have come."""

    _edge: SharedEdge
    _journal: Journal
    _deadlines: Deadlines
    _attempts: Attempts
    _reply: EdgeReply
    _addons: FlowHooks | None
    _ordered: Ordered | None
    interims: int = 0

    def __repr__(self) -> str:
        return f"<Response {self.interims} interims, {self._journal.record.response_size} bytes>"

    # ---- the header

    def take_interim(self, event: InterimReceived) -> decisions.Deciding:
        """A 1xx other than 101."""
        status = event.response.status_code
        self.interims += 1
        action = self._edge.interim_action(status)
        self._journal.report(Kind.INTERIM, status=status, action=str(action))
        rules = self._edge.profile.interim
        if action is InterimAction.REFUSE or (rules.most is not None and self.interims > rules.most):
            return self._refuse(f"interim {status}")
        if status in rules.resets:
            self._deadlines.reach(Point.INTERIM_RECEIVED)
        if action in (InterimAction.FORWARD, InterimAction.STRAND):
            yield from self._reply.interim(event.response)
        return decisions.Silence(CloseKind.NOTHING) if action is InterimAction.STRAND else None

    def take_header(self, event: ResponseHeaders) -> decisions.Deciding:
        """The header of the answer is complete."""
        response = event.response
        if self._ordered is not None:
            decision = self._ordered.take_header(response)
            if decision is not None:
                return decision
        self._deadlines.reach(Point.HEADER_COMPLETED)
        self._journal.record.header = self._journal.now
        self._journal.report(Kind.HEADER_COMPLETED, status=response.status_code)
        if response.status_code < 200 and response.status_code != UPGRADE and self._reply.is_http2:
            return (yield from self._break_http2())
        decision = self._judge(response)
        if decision is not None:
            return decision
        if self._addons is not None:
            yield from self._addons.response_headers(response)
            if self._addons.is_killed:
                return decisions.Drop()
            if self._addons.buffers_response:
                return None
        yield from self._reply.begin(response)
        return None

    def _break_http2(self) -> CommandGenerator[decisions.Drop]:
        # An interim taken for the answer can't be told to an HTTP/2 client: its stream would never have an
        # answer.
        yield from self._attempts.leave(CloseKind.FIN)
        self._journal.report(Kind.CUT, ending="PROTOCOL_ERROR", cause=str(Cause.GARBAGE))
        return decisions.Drop("PROTOCOL_ERROR")

    def _judge(self, response: http.Response) -> decisions.Decision | None:
        """What the profile does instead of letting this header go on."""
        status = response.status_code
        rules = self._edge.profile.mutation
        rule = self._attempts.rule(ResendCause.STATUS, status)
        if rule is not None:
            return decisions.SendAgain(ResendCause.STATUS, rule.delay)
        if status == UPGRADE and self._edge.profile.interim.on_101 is InterimAction.REFUSE:
            return self._refuse("a 101")
        if status == NO_CONTENT and is_framed(response) and rules.framed_204 is On204.REFUSE:
            return self._refuse("a 204 with a body")
        if status in rules.replaces and "replaced" in self._edge.profile.answers:
            self._journal.report(Kind.MUTATED, what=f"the body of a {status} replaced")
            return decisions.Answer("replaced", status, leave=CloseKind.NOTHING)
        return None

    def _refuse(self, detail: str) -> decisions.Failure:
        self._journal.record.end = detail
        return decisions.Failure(
            (ResendCause.GARBAGE,), "protocol-error", self._edge.profile.origin.on_unusable
        )

    # ---- the body and the end

    def take_body(self, event: ResponseData) -> decisions.Deciding:
        """Bytes of the body."""
        if self._ordered is None:
            yield from self._forward(event.data)
            return None
        going, is_cut = self._ordered.take_body(event.data)
        if going or not is_cut:
            yield from self._forward(going)
        return self._cut_by_order(self._ordered) if is_cut else None

    def _forward(self, data: bytes) -> CommandGenerator[None]:
        self._deadlines.reach(Point.BODY_READ)
        self._journal.report(Kind.BODY, bytes=len(data))
        self._journal.record.add_response_bytes(data)
        if self._addons is not None:
            data = self._addons.body(data)
        if data:
            yield from self._reply.data(data)

    def _cut_by_order(self, ordered: Ordered) -> decisions.Cut:
        ordered.mark_done()
        self._deadlines.expire(self._deadlines.first())
        return decisions.Cut(Cause.TIMER)

    def take_end(self, _event: ResponseEndOfMessage) -> decisions.Deciding:
        """The answer is complete."""
        ordered = self._ordered
        if ordered is not None and ordered.cuts_before_the_end(self._reply.framing):
            return self._cut_by_order(ordered)
        self._deadlines.reach(Point.RESPONSE_COMPLETED)
        self._journal.report(Kind.RESPONSE_COMPLETED)
        if self._addons is not None:
            yield from self._end_to_addon(self._addons)
        response = self._reply.response
        return (
            decisions.Upgrade()
            if response is not None and response.status_code == UPGRADE
            else decisions.Complete()
        )

    def _end_to_addon(self, addons: FlowHooks) -> CommandGenerator[None]:
        body = yield from addons.response()
        if body is None:
            return
        response = addons.flow.response
        assert response is not None
        yield from self._reply.begin(response)
        if body:
            yield from self._reply.data(body)

    # ---- broken

    def take_break(self, event: OriginBroke) -> decisions.Decision:
        """The answer can't be completed."""
        is_stale = self._attempts.is_stale
        if event.cause is not Cause.GARBAGE:
            self._attempts.lose(event.cause)
        if self._reply.response is not None:
            return decisions.Cut(event.cause)
        if event.cause is Cause.GARBAGE:
            return self._refuse(event.detail)
        closed = ResendCause.PARTIAL if event.partial else ResendCause.CLOSED
        causes = (ResendCause.STALE, closed) if is_stale else (closed,)
        return decisions.Failure(
            causes, closed_answer(self._edge.profile, event.cause, partial=event.partial, stale=is_stale)
        )
