"""One exchange of an edge: what its timers, the origin and the client make of it.

Extends mitmproxy's HttpStream. Each event is a point for the timers, then has its own effect. Whatever is decided here comes
from the profile. It must never read the wall clock, and never listen to an origin it has given up.
"""

from mitmproxy.proxy import events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import CommandGenerator
from mitmproxy.proxy.layers.http import DropStream, HttpStream, SendHttp
from mitmproxy.proxy.layers.http._base import HttpEvent
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    RequestData,
    RequestEndOfMessage,
    RequestHeaders,
    RequestProtocolError,
    RequestTrailers,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseTrailers,
)

from firstbyte.harness.profile import (
    Cause,
    CloseKind,
    Ending,
    InterimAction,
    On204,
    Point,
    ResendCause,
    Timer,
)
from firstbyte.harness.timeline import Kind
from firstbyte.proxies.cut import break_for
from firstbyte.proxies.edge import Edge
from firstbyte.proxies.exchange import Exchange
from firstbyte.proxies.headers import is_framed
from firstbyte.proxies.held import Action
from firstbyte.proxies.signals import (
    AlarmRang,
    BreakOff,
    HoldReading,
    InterimReceived,
    Order,
    OriginBroke,
    OriginRead,
    OriginReady,
    OriginUnreachable,
)

_FROM_ORIGIN = (
    OriginRead,
    OriginReady,
    OriginUnreachable,
    OriginBroke,
    InterimReceived,
    ResponseHeaders,
    ResponseData,
    ResponseTrailers,
    ResponseEndOfMessage,
)


class EdgeStream(HttpStream):
    """One exchange. The request's side and the attempts are in `Exchange`; here is what comes back."""

    def __init__(self, context: Context, stream_id: int, edge: Edge) -> None:
        super().__init__(context, stream_id)
        self.exchange = Exchange(context.client, stream_id, edge)
        self._edge = edge
        self._profile = edge.config.profile
        self._interims = 0
        self._piped = False

    def __repr__(self) -> str:
        return f"<EdgeStream {self.stream_id} {self.exchange!r}>"

    @property
    def client_left(self) -> bool:
        """Whether the client is gone while the exchange goes on."""
        return self.exchange.client_left

    def _handle_event(self, event: events.Event) -> CommandGenerator[None]:
        exchange = self.exchange
        exchange.now = self._edge.clock.now()
        if self._piped:
            yield from self._pipe(event)
            return
        if exchange.is_over:
            return
        due = None if self._edge.config.held else exchange.bank.due(exchange.now)
        if due is not None:
            timer, deadline = due
            from_origin = isinstance(event, _FROM_ORIGIN)
            # At a tie the timer wins: whatever came in the same microsecond came too late.
            yield from self._fire(timer, tie=from_origin and deadline == exchange.now)
            if exchange.is_over or from_origin:
                yield from self._settle()
                return
        if exchange.action is Action.HOLD and isinstance(event, ResponseHeaders) and not exchange.kept_back:
            exchange.holds_back = True
            if exchange.origin is not None:
                yield HoldReading(exchange.origin, hold=True)
        if exchange.holds_back and isinstance(event, _FROM_ORIGIN):
            exchange.kept_back.append(event)
            return
        yield from self._dispatch(event)
        yield from self._settle()

    def _settle(self) -> CommandGenerator[None]:
        if self._piped:
            return
        if self.exchange.is_over:
            yield DropStream(self.stream_id)
        else:
            yield from self.exchange.settle_alarm()

    def _dispatch(self, event: events.Event) -> CommandGenerator[None]:
        match event:
            case RequestHeaders():
                yield from self._begin(event)
            case RequestData() | RequestTrailers():
                yield from self.exchange.take_body(event)
            case RequestEndOfMessage():
                yield from self.exchange.take_end(event)
                yield from self._expire_if_ordered()
            case RequestProtocolError():
                yield from self._client_left(event)
            case AlarmRang():
                yield from self.exchange.resend_if_due()
            case Order():
                yield from self._obey(event)
            case HttpEvent():
                yield from self._from_origin(event)

    def _from_origin(self, event: HttpEvent) -> CommandGenerator[None]:
        match event:
            case OriginReady():
                yield from self.exchange.connected(event.connection, reused=event.reused)
                yield from self._expire_if_ordered()
            case OriginUnreachable():
                yield from self._unreachable(event.reason)
            case OriginRead():
                self.exchange.origin_read(event.size, event.header_bytes)
            case InterimReceived():
                yield from self._interim(event)
            case ResponseHeaders():
                yield from self._header(event)
            case ResponseData():
                yield from self._body(event.data)
            case ResponseTrailers():
                self.exchange.reply.trailers(event.trailers)
            case ResponseEndOfMessage():
                yield from self._end()
            case OriginBroke():
                yield from self._origin_broke(event)

    def _begin(self, event: RequestHeaders) -> CommandGenerator[None]:
        yield from self.exchange.begin(event.request, has_body=not event.end_stream)

    # ---- timers

    def _fire(self, timer: Timer, *, tie: bool) -> CommandGenerator[None]:
        exchange = self.exchange
        exchange.bank.expire(timer)
        exchange.record.fired.append(timer.name)
        exchange.tell(Kind.TIMER_FIRED, timer=timer.name, limit_us=int(timer.limit or 0), tie=tie)
        reply = exchange.reply
        if reply.header_forwarded or (reply.response is not None and not timer.answer):
            yield from self._cut(Cause.TIMER)
            return
        cause = ResendCause.TIMER if exchange.is_connected else ResendCause.CONNECT
        after = self._profile.interim.after if self._interims and exchange.is_connected else ""
        yield from exchange.leave_origin(self._profile.origin.on_expiry)
        if reply.response is None and exchange.resend(cause):
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

    # ---- what the origin does

    def _unreachable(self, reason: str) -> CommandGenerator[None]:
        self.exchange.connect_failed(reason)
        if not self.exchange.resend(ResendCause.CONNECT):
            yield from self.exchange.answer("connect-timeout" if reason == "timeout" else "connect-refused")

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
        if action is InterimAction.FORWARD:
            yield from exchange.reply.interim(event.response)

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
        elif status == 204 and is_framed(response) and self._profile.mutation.framed_204 is On204.REFUSE:
            yield from self._garbage("a 204 with a body")
        elif status in self._profile.mutation.replaces and "replaced" in self._profile.answers:
            exchange.tell(Kind.MUTATED, what=f"the body of a {status} replaced")
            yield from exchange.leave_origin(CloseKind.NOTHING)
            yield from exchange.answer("replaced", status=status)
        else:
            yield from exchange.forward_header(response)

    def _break_http2(self) -> CommandGenerator[None]:
        # An interim taken for the answer can't be told to an HTTP/2 client: its stream would never have an answer.
        self.exchange.tell(Kind.CUT, ending="PROTOCOL_ERROR", cause=str(Cause.GARBAGE))
        yield SendHttp(BreakOff(self.stream_id, Ending.TRUNCATE, "PROTOCOL_ERROR"), self.context.client)
        yield from self.exchange.finish()

    def _body(self, data: bytes) -> CommandGenerator[None]:
        exchange = self.exchange
        exchange.note(Point.BODY_READ)
        exchange.tell(Kind.BODY, bytes=len(data))
        exchange.record.add_response_bytes(data)
        yield from exchange.forward_body(data)

    def _end(self) -> CommandGenerator[None]:
        exchange = self.exchange
        exchange.note(Point.RESPONSE_COMPLETED)
        exchange.tell(Kind.RESPONSE_COMPLETED)
        response = exchange.reply.response
        if response is not None and response.status_code == 101:
            self._piped = True
            yield from exchange.finish()
            yield SendHttp(ResponseEndOfMessage(self.stream_id), self.context.client)
            return
        yield from exchange.complete()

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
        yield from exchange.leave_origin(CloseKind.FIN)
        if not exchange.resend(ResendCause.GARBAGE):
            yield from exchange.answer("protocol-error")

    def _closed_answer(self, event: OriginBroke) -> str:
        if event.partial and self._profile.partial_header in self._profile.answers:
            return self._profile.partial_header
        return "reset" if event.cause is Cause.RESET else "closed"

    # ---- what the client does

    def _client_left(self, event: RequestProtocolError) -> CommandGenerator[None]:
        exchange = self.exchange
        is_garbage = event.code is ErrorCode.REQUEST_VALIDATION_FAILED
        if not is_garbage:
            exchange.tell(Kind.CLIENT_LEFT)
        exchange.record.end = event.message
        exchange.client_left = exchange.reply.is_silent = True
        how = self._profile.origin.on_client_leave
        if how is CloseKind.NOTHING and exchange.request_ended:
            return
        yield from exchange.leave_origin(CloseKind.FIN if how is CloseKind.NOTHING else how)
        yield from exchange.finish()

    def _pipe(self, event: events.Event) -> CommandGenerator[None]:
        origin = self.exchange.origin
        match event:
            case RequestData() if origin is not None:
                yield SendHttp(event, origin)
            case ResponseData():
                yield SendHttp(event, self.context.client)
            case RequestEndOfMessage() | RequestProtocolError():
                yield from self.exchange.leave_origin(CloseKind.FIN)
                yield from self._close_pipe()
            case ResponseEndOfMessage() | OriginBroke():
                yield from self._close_pipe()

    def _close_pipe(self) -> CommandGenerator[None]:
        yield SendHttp(BreakOff(self.stream_id, Ending.TRUNCATE, "CANCEL"), self.context.client)
        yield DropStream(self.stream_id)

    # ---- held mode

    def _expire_if_ordered(self) -> CommandGenerator[None]:
        if self.exchange.action is Action.EXPIRE and self.exchange.is_sent:
            yield from self._expire()

    def _expire(self) -> CommandGenerator[None]:
        yield from self._fire(self.exchange.timer_to_expire(), tie=False)

    def _obey(self, order: Order) -> CommandGenerator[None]:
        exchange = self.exchange
        if order.expire:
            yield from self._expire()
            return
        kept, exchange.kept_back, exchange.holds_back = exchange.kept_back, [], False
        exchange.action = None
        if exchange.origin is not None:
            yield HoldReading(exchange.origin, hold=False)
        for event in kept:
            if not exchange.is_over:
                yield from self._dispatch(event)


