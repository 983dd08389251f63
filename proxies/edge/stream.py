"""One exchange of an edge: what its timers, the origin and the client make of it.

Extends mitmproxy's HttpStream. Each event is a point for the timers, then has its own effect. Whatever is
decided here comes from the profile. It must never read the wall clock, and never listen to an origin it has
given up.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mitmproxy.proxy import events
from mitmproxy.proxy.commands import Command
from mitmproxy.proxy.layer import CommandGenerator
from mitmproxy.proxy.layers.http import DropStream, SendHttp
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

from firstbyte.harness.model.profile import Cause, CloseKind, Ending, Point, Timer
from firstbyte.harness.model.timeline import Kind
from firstbyte.proxies.edge.faults import OrderedFaults
from firstbyte.proxies.http.signals import (
    AlarmRang,
    BreakOff,
    HoldReading,
    InterimReceived,
    Order,
    OriginBroke,
    OriginRead,
    OriginReady,
    OriginRoom,
    OriginUnreachable,
)
from firstbyte.proxies.rules.orders import Action

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


class EdgeStream(OrderedFaults):
    """One exchange. The request's side and the attempts are in `Exchange`; here is what comes back."""

    def __repr__(self) -> str:
        return f"<EdgeStream {self.stream_id} {self.exchange!r}>"

    @property
    def client_left(self) -> bool:
        """Whether the client is gone while the exchange goes on."""
        return self.exchange.client_left

    def _handle_event(self, event: events.Event) -> CommandGenerator[None]:
        exchange = self.exchange
        exchange.now = self._edge.clock.now()
        if exchange.is_over:
            return
        if self._piped:
            yield from self._pipe(event)
            return
        due = self._due(event)
        if due is not None:
            timer, deadline = due
            from_origin = isinstance(event, _FROM_ORIGIN)
            # At a tie the timer wins: whatever came in the same microsecond came too late.
            yield from self._fire(timer, tie=from_origin and deadline == exchange.now)
            if from_origin or self._is_over():
                yield from self._settle()
                return
        if exchange.order is not None and (yield from self._held_back(event)):
            return
        yield from self._dispatch(event)
        yield from self._settle()

    def _held_back(self, event: events.Event) -> CommandGenerator[bool]:
        """Whether somebody's order keeps what the origin says from the client."""
        exchange = self.exchange
        if exchange.action is Action.HOLD and isinstance(event, ResponseHeaders) and not exchange.kept_back:
            exchange.holds_back = True
            if exchange.origin is not None:
                yield HoldReading(exchange.origin, hold=True)
        if not (exchange.holds_back and isinstance(event, _FROM_ORIGIN)):
            return False
        exchange.kept_back.append(event)
        return True

    def handle_event(self, event: events.Event) -> CommandGenerator[None]:
        """Only an addon's hooks make a stream wait."""
        return self._handle_event(event) if self._addons is None else super().handle_event(event)

    def _due(self, event: events.Event) -> tuple[Timer, int] | None:
        """The timer that fires now, with its deadline."""
        config = self._edge.config
        may_fire = (config.is_virtual or type(event) is AlarmRang) and not config.held
        return self.exchange.bank.due(self.exchange.now) if may_fire else None

    def _is_over(self) -> bool:
        return self.exchange.is_over

    def _settle(self) -> Iterable[Command]:
        return self._ended() if self.exchange.is_over else self.exchange.settle_alarm()

    def _ended(self) -> CommandGenerator[None]:
        if self._piped:
            return
        if self._addons is not None:
            yield from self._addons.over(self.exchange.record)
        yield DropStream(self.stream_id)

    def _dispatch(self, event: events.Event) -> Iterable[Command]:
        effect = _EFFECTS.get(type(event))
        return () if effect is None else effect(self, event)

    def _take_body(self, event: RequestData | RequestTrailers) -> CommandGenerator[None]:
        yield from self.exchange.take_body(event)
        if self.exchange.is_too_large:
            yield from self.exchange.answer("protocol-error", status=413)

    def _begin(self, event: RequestHeaders) -> CommandGenerator[None]:
        exchange = self.exchange
        yield from exchange.begin(event.request, has_body=not event.end_stream)
        yield from exchange.hold()
        if self._addons is not None:
            yield from self._addons.request_headers(event.request)
            exchange.now = self._edge.clock.now()
            exchange.buffers_request |= self._addons.buffers_request
            if (yield from self._answered_by_addon()):
                return
        yield from exchange.go()

    def _request_ended(self, event: RequestEndOfMessage) -> CommandGenerator[None]:
        exchange = self.exchange
        if self._addons is not None:
            body = yield from self._addons.request(exchange.body_so_far())
            exchange.now = self._edge.clock.now()
            exchange.request_ended = True
            if (yield from self._answered_by_addon()):
                return
            if body is not None:
                exchange.replace_body(body)
        yield from exchange.take_end(event)
        if exchange.late_answer:
            yield from exchange.answer(exchange.late_answer)
        yield from self._expire_if_ordered()

    def _answered_by_addon(self) -> CommandGenerator[bool]:
        if self._addons is None:
            return False
        if self._addons.is_killed:
            yield from self.exchange.drop()
            return True
        answer = self._addons.own_answer
        if answer is None:
            return False
        yield from self.exchange.answer_with(answer)
        return True

    def _alarm_rang(self, _event: AlarmRang) -> Iterable[Command]:
        return self.exchange.resend_if_due()

    # ---- what the client does

    def _client_left(self, event: RequestProtocolError) -> CommandGenerator[None]:
        exchange = self.exchange
        is_garbage = event.code is ErrorCode.REQUEST_VALIDATION_FAILED
        if not is_garbage:
            exchange.tell(Kind.CLIENT_LEFT)
            exchange.log_client_left()
        exchange.record.end = event.message
        exchange.client_left = exchange.reply.is_silent = True
        how = self._profile.origin.on_client_leave
        if how is CloseKind.NOTHING and exchange.request_ended:
            return
        yield from exchange.leave_origin(CloseKind.FIN if how is CloseKind.NOTHING else how)
        yield from exchange.finish()

    # ---- after a 101

    def _pipe(self, event: events.Event) -> CommandGenerator[None]:
        exchange = self.exchange
        due = self._due(event)
        if due is not None:
            timer, deadline = due
            is_tie = isinstance(event, ResponseData) and deadline == exchange.now
            yield from self._cut_pipe(timer, tie=is_tie)
            return
        match event:
            case RequestData():
                exchange.note(Point.REQUEST_READ)
            case ResponseData():
                exchange.note(Point.ORIGIN_READ)
        if self.child_layer is not None:
            yield from self._pipe_to_addon(event)
        else:
            yield from self._pass_through(event)
        if not exchange.is_over:
            yield from exchange.settle_alarm()

    def _pipe_to_addon(self, event: events.Event) -> CommandGenerator[None]:
        if isinstance(event, AlarmRang):
            return
        yield from self.passthrough(event)
        if isinstance(event, RequestEndOfMessage | RequestProtocolError | ResponseEndOfMessage | OriginBroke):
            yield from self.exchange.finish()

    def _pass_through(self, event: events.Event) -> CommandGenerator[None]:
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

    def _cut_pipe(self, timer: Timer, *, tie: bool) -> CommandGenerator[None]:
        exchange = self.exchange
        exchange.expired(timer, tie=tie)
        exchange.record.end = "cut"
        exchange.tell(Kind.CUT, ending=str(Ending.TRUNCATE), cause=str(Cause.TIMER))
        yield from exchange.leave_origin(self._profile.origin.on_expiry)
        yield from self._close_pipe()

    def _close_pipe(self) -> CommandGenerator[None]:
        yield SendHttp(BreakOff(self.stream_id, Ending.TRUNCATE, "CANCEL"), self.context.client)
        yield from self.exchange.finish()
        yield DropStream(self.stream_id)

    # ---- held mode

    def _obey(self, order: Order) -> CommandGenerator[None]:
        exchange = self.exchange
        if order.expire:
            yield from self._expire()
            return
        kept, exchange.kept_back, exchange.holds_back = exchange.kept_back, [], False
        if exchange.action is Action.HOLD:
            exchange.done_as_ordered()
        exchange.order = None
        if exchange.origin is not None:
            yield HoldReading(exchange.origin, hold=False)
        for event in kept:
            if not exchange.is_over:
                yield from self._dispatch(event)


#: What each event does. A table: to ask for one class after the other takes longer than most effects do.
_EFFECTS: Mapping[type[events.Event], Callable[[EdgeStream, Any], Iterable[Command]]] = {
    RequestHeaders: EdgeStream._begin,
    RequestData: EdgeStream._take_body,
    RequestTrailers: EdgeStream._take_body,
    RequestEndOfMessage: EdgeStream._request_ended,
    RequestProtocolError: EdgeStream._client_left,
    AlarmRang: EdgeStream._alarm_rang,
    Order: EdgeStream._obey,
    OriginReady: EdgeStream._origin_ready,
    OriginUnreachable: EdgeStream._origin_unreachable,
    OriginRead: EdgeStream._origin_read,
    OriginRoom: EdgeStream._origin_room,
    OriginBroke: EdgeStream._origin_broke,
    InterimReceived: EdgeStream._interim,
    ResponseHeaders: EdgeStream._header,
    ResponseData: EdgeStream._body_read,
    ResponseTrailers: EdgeStream._trailers,
    ResponseEndOfMessage: EdgeStream._response_ended,
}
