"""The side of an exchange that faces the origin: what timers and the origin's bytes make of it.

Whatever is decided here comes from the profile. It must never listen to an origin it has given up.
"""

from collections import deque
from collections.abc import Iterable

from mitmproxy import http
from mitmproxy.proxy import events
from mitmproxy.proxy.commands import Command
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import CommandGenerator
from mitmproxy.proxy.layers.http import HttpStream, SendHttp
from mitmproxy.proxy.layers.http._events import (
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseTrailers,
)

from firstbyte.harness.model.profile import (
    Cause,
    CloseKind,
    Ending,
    InterimAction,
    On204,
    Point,
    ResendCause,
    Timer,
)
from firstbyte.harness.model.timeline import Kind
from firstbyte.proxies.edge.exchange import Exchange
from firstbyte.proxies.edge.flow_hooks import FlowHooks
from firstbyte.proxies.edge.shared import SharedEdge
from firstbyte.proxies.http.head_rules import is_framed
from firstbyte.proxies.http.signals import (
    BreakOff,
    InterimReceived,
    OriginBroke,
    OriginRead,
    OriginReady,
    OriginRoom,
    OriginUnreachable,
)
from firstbyte.proxies.rules.cut import break_for
from firstbyte.proxies.rules.orders import Action


class OriginFacing(HttpStream):
    """Timers, and everything an origin can do."""

    def __init__(self, context: Context, stream_id: int, edge: SharedEdge) -> None:
        # Not mitmproxy's: it makes two buffers, a deque and three circles of references for each exchange.
        self.context = context
        self.stream_id = stream_id
        self._paused = None
        if edge.hooks.wants(""):
            self._paused_event_queue = deque()
        self.exchange = Exchange(context.client, stream_id, edge)
        self._edge = edge
        self._profile = edge.config.profile
        self._interims = 0
        self._piped = False
        self._addons = FlowHooks(context, edge) if edge.hooks.wants("") else None

    def _origin_ready(self, event: OriginReady) -> CommandGenerator[None]:
        yield from self.exchange.connected(event.connection, reused=event.reused)
        yield from self._expire_if_ordered()

    def _origin_read(self, event: OriginRead) -> Iterable[Command]:
        self.exchange.origin_read(event.size, event.header_bytes)
        return ()

    def _origin_room(self, event: OriginRoom) -> Iterable[Command]:
        self.exchange.room(event.room)
        return ()

    def _body_read(self, event: ResponseData) -> Iterable[Command]:
        return self._body(event.data)

    def _trailers(self, event: ResponseTrailers) -> Iterable[Command]:
        self.exchange.reply.trailers(event.trailers)
        return ()

    def _response_ended(self, _event: ResponseEndOfMessage) -> Iterable[Command]:
        return self._end()

    def _fire(self, timer: Timer, *, tie: bool) -> CommandGenerator[None]:
        exchange = self.exchange
        exchange.expired(timer, tie=tie)
        reply = exchange.reply
        if reply.header_forwarded or (reply.response is not None and not timer.answer):
            yield from self._cut(Cause.TIMER)
            return
        cause = ResendCause.TIMER if exchange.is_connected else ResendCause.CONNECT
        after = self._profile.interim.after if self._interims and exchange.is_connected else ""
        yield from exchange.leave_origin(self._profile.origin.on_expiry)
        if reply.response is None and exchange.resend(cause):
            return
        if timer.after_upload and not exchange.request_ended:
            exchange.answer_after_upload(after or timer.answer)
            return
        yield from exchange.answer(after or timer.answer or "timeout")

    def _cut(self, cause: Cause) -> CommandGenerator[None]:
        exchange = self.exchange
        how = break_for(self._profile.cut, cause, exchange.reply.framing)
        if cause in (Cause.TIMER, Cause.GARBAGE):
            yield from exchange.leave_origin(self._profile.origin.on_expiry)
        exchange.record.end = "cut"
        ending = how.http2 if exchange.is_http2 else str(how.http1)
        exchange.tell(Kind.CUT, ending=ending, cause=str(cause))
        yield from exchange.reply.break_off(how)
        yield from exchange.finish()

    def _origin_unreachable(self, event: OriginUnreachable) -> CommandGenerator[None]:
        self.exchange.connect_failed(event.reason)
        if not self.exchange.resend(ResendCause.CONNECT):
            is_timeout = event.reason == "timeout"
            yield from self.exchange.answer("connect-timeout" if is_timeout else "connect-refused")

    def _interim(self, event: InterimReceived) -> CommandGenerator[None]:
        exchange = self.exchange
        status = event.response.status_code
        self._interims += 1
        action = self._edge.interim_action(status)
        exchange.tell(Kind.INTERIM, status=status, action=str(action))
        most = self._profile.interim.most
        if action is InterimAction.REFUSE or (most is not None and self._interims > most):
            yield from self._garbage(f"interim {status}")
            return
        if status in self._profile.interim.resets:
            exchange.note(Point.INTERIM_RECEIVED)
        if action in (InterimAction.FORWARD, InterimAction.STRAND):
            yield from exchange.reply.interim(event.response)
        if action is InterimAction.STRAND:
            yield from exchange.leave_origin(CloseKind.NOTHING)
            yield from exchange.finish()

    def _header(self, event: ResponseHeaders) -> CommandGenerator[None]:
        exchange = self.exchange
        response = event.response
        status = response.status_code
        exchange.note(Point.HEADER_COMPLETED)
        exchange.record.header = exchange.now
        exchange.tell(Kind.HEADER_COMPLETED, status=status)
        if status < 200 and status != 101 and exchange.is_http2:
            yield from exchange.leave_origin(CloseKind.FIN)
            yield from self._break_http2()
        elif exchange.may_resend(ResendCause.STATUS, status):
            yield from exchange.leave_origin(CloseKind.NOTHING)
            exchange.resend(ResendCause.STATUS, status)
        elif status == 101 and self._profile.interim.on_101 is InterimAction.REFUSE:
            yield from self._garbage("a 101")
        elif status == 204 and is_framed(response) and self._profile.mutation.framed_204 is On204.REFUSE:
            yield from self._garbage("a 204 with a body")
        elif status in self._profile.mutation.replaces and "replaced" in self._profile.answers:
            exchange.tell(Kind.MUTATED, what=f"the body of a {status} replaced")
            yield from exchange.leave_origin(CloseKind.NOTHING)
            yield from exchange.answer("replaced", status=status)
        elif self._addons is None:
            yield from exchange.forward_header(response)
        else:
            yield from self._header_to_addon(response)

    def _header_to_addon(self, response: http.Response) -> CommandGenerator[None]:
        addons = self._addons
        assert addons is not None
        yield from addons.response_headers(response)
        self.exchange.now = self._edge.clock.now()
        if addons.is_killed:
            yield from self.exchange.drop()
        elif not addons.buffers_response:
            yield from self.exchange.forward_header(response)

    def _break_http2(self) -> CommandGenerator[None]:
        # An interim taken for the answer can't be told to an HTTP/2 client: its stream would never have an
        # answer.
        self.exchange.tell(Kind.CUT, ending="PROTOCOL_ERROR", cause=str(Cause.GARBAGE))
        yield SendHttp(BreakOff(self.stream_id, Ending.TRUNCATE, "PROTOCOL_ERROR"), self.context.client)
        yield from self.exchange.finish()

    def _body(self, data: bytes) -> CommandGenerator[None]:
        exchange = self.exchange
        exchange.note(Point.BODY_READ)
        exchange.tell(Kind.BODY, bytes=len(data))
        exchange.record.add_response_bytes(data)
        if self._addons is not None:
            data = self._addons.body(data)
        if data:
            yield from exchange.forward_body(data)

    def _end(self) -> CommandGenerator[None]:
        exchange = self.exchange
        exchange.note(Point.RESPONSE_COMPLETED)
        exchange.tell(Kind.RESPONSE_COMPLETED)
        if self._addons is not None:
            yield from self._end_to_addon(self._addons)
        response = exchange.reply.response
        if response is not None and response.status_code == 101:
            yield from self._upgrade()
            return
        yield from exchange.complete()

    def _end_to_addon(self, addons: FlowHooks) -> CommandGenerator[None]:
        body = yield from addons.response()
        self.exchange.now = self._edge.clock.now()
        if body is None:
            return
        response = addons.flow.response
        assert response is not None
        yield from self.exchange.forward_header(response)
        if body:
            yield from self.exchange.forward_body(body)

    def _upgrade(self) -> CommandGenerator[None]:
        origin = self.exchange.origin
        self._piped = True
        self.exchange.upgraded()
        if self._addons is not None and self._addons.wants_messages and origin is not None:
            self.flow = self._addons.flow
            self.context.server = origin
            self.child_layer = self._addons.websocket(self.context)
            yield from self.child_layer.handle_event(events.Start())
        yield SendHttp(ResponseEndOfMessage(self.stream_id), self.context.client)

    def _origin_broke(self, event: OriginBroke) -> CommandGenerator[None]:
        exchange = self.exchange
        if event.cause is not Cause.GARBAGE:
            exchange.origin_gone(event.cause)
        if exchange.reply.response is not None:
            yield from self._cut(event.cause)
        elif event.cause is Cause.GARBAGE:
            yield from self._garbage(event.detail)
        elif not exchange.resend_after_close(partial=event.partial):
            yield from exchange.answer(self._closed_answer(event))

    def _garbage(self, detail: str) -> CommandGenerator[None]:
        exchange = self.exchange
        exchange.record.end = detail
        yield from exchange.leave_origin(self._profile.origin.on_unusable)
        if not exchange.resend(ResendCause.GARBAGE):
            yield from exchange.answer("protocol-error")

    def _closed_answer(self, event: OriginBroke) -> str:
        if event.partial and self._profile.partial_header in self._profile.answers:
            return self._profile.partial_header
        if self.exchange.is_stale and "stale" in self._profile.answers:
            return "stale"
        return "reset" if event.cause is Cause.RESET else "closed"

    # ---- held mode

    def _expire_if_ordered(self) -> CommandGenerator[None]:
        if self.exchange.action is Action.EXPIRE and self.exchange.is_sent:
            yield from self._expire()

    def _expire(self) -> CommandGenerator[None]:
        if self.exchange.action is Action.EXPIRE:
            self.exchange.done_as_ordered()
        yield from self._fire(self.exchange.timer_to_expire(), tie=False)
