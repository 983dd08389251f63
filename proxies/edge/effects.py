"""What each event does to an exchange: the one place where events of mitmproxy's and of ours have a meaning.

To let something happen on a new event, write its function and put it into one of the tables at the end.
"""

from collections.abc import Callable, Mapping
from typing import Any

from mitmproxy.proxy import events
from mitmproxy.proxy.layer import CommandGenerator
from mitmproxy.proxy.layers.http import _events as messages

from firstbyte.harness.model.profile import CloseKind, ResendCause
from firstbyte.harness.model.timeline import Kind
from firstbyte.proxies.edge import decisions
from firstbyte.proxies.edge.decisions import Deciding, Decision
from firstbyte.proxies.edge.exchange import Exchange
from firstbyte.proxies.edge.ordered import Ordered
from firstbyte.proxies.edge.state import FOLLOWS, State
from firstbyte.proxies.http import signals
from firstbyte.proxies.rules.orders import Action

_FROM_ORIGIN = (
    signals.OriginRead,
    signals.OriginReady,
    signals.OriginUnreachable,
    signals.OriginBroke,
    signals.InterimReceived,
    messages.ResponseHeaders,
    messages.ResponseData,
    messages.ResponseTrailers,
    messages.ResponseEndOfMessage,
)


def handle_event(exchange: Exchange, event: events.Event) -> CommandGenerator[None]:
    """Whatever happens to this exchange."""
    now = exchange.journal.now = exchange.edge.clock.now()
    if not FOLLOWS[exchange.state]:
        return  # over is final
    due = exchange.deadlines.due(event)
    if due is not None:
        timer, deadline = due
        is_of_origin = isinstance(event, _FROM_ORIGIN if exchange.tunnel is None else messages.ResponseData)
        # At a tie the timer wins: whatever came in the same microsecond came too late.
        yield from exchange.fire(timer, tie=is_of_origin and deadline == now)
        if is_of_origin or exchange.state is State.OVER:
            yield from exchange.settle()
            return
    if exchange.ordered is not None and (yield from _hold_back(exchange, exchange.ordered, event)):
        return
    yield from _dispatch(exchange, event)
    yield from exchange.settle()


def _dispatch(exchange: Exchange, event: events.Event) -> CommandGenerator[None]:
    if exchange.tunnel is not None:
        if (yield from exchange.tunnel.take(event)):
            yield from exchange.finish()
        return
    effect = _EFFECTS.get(type(event))
    if effect is not None:
        decision = yield from effect(exchange, event)
    else:
        decision = _NOTES.get(type(event), _ignore)(exchange, event)
    if decision is not None:
        yield from exchange.carry_out(decision)


def _hold_back(exchange: Exchange, ordered: Ordered, event: events.Event) -> CommandGenerator[bool]:
    """Whether this event waits until the request is released."""
    if (
        exchange.state is State.WAITING
        and ordered.action is Action.HOLD
        and type(event) is messages.ResponseHeaders
    ):
        exchange.enter(State.HELD)
        if exchange.attempts.connection is not None:
            yield signals.HoldReading(exchange.attempts.connection, hold=True)
    if exchange.state is not State.HELD or not isinstance(event, _FROM_ORIGIN):
        return False
    ordered.kept_back.append(event)
    return True


# ---- the client


def _begin(exchange: Exchange, event: messages.RequestHeaders) -> Deciding:
    yield from exchange.open(event)
    if exchange.addons is not None:
        yield from exchange.addons.request_headers(event.request)
        exchange.upload.buffers |= exchange.addons.buffers_request
        if exchange.addons.decision is not None:
            return exchange.addons.decision
    if not exchange.upload.buffers:
        yield from exchange.connect()
    return None


def _take_body(exchange: Exchange, event: messages.RequestData | messages.RequestTrailers) -> Deciding:
    exchange.upload.take(event)
    if exchange.state is not State.UPLOADING:
        yield from exchange.upload.pass_on(event, exchange.attempts.connection)
    return decisions.Answer("protocol-error", status=413) if exchange.upload.is_too_large else None


def _request_ended(exchange: Exchange, event: messages.RequestEndOfMessage) -> Deciding:
    if exchange.addons is not None:
        body = yield from exchange.addons.request(exchange.upload.body_so_far())
        exchange.upload.is_whole = True
        if exchange.addons.decision is not None:
            return exchange.addons.decision
        if body is not None:
            exchange.upload.replace_body(body)
    exchange.upload.end(event)
    if exchange.state is State.UPLOADING:
        return decisions.Answer(exchange.late_answer)
    yield from exchange.upload.pass_on(event, exchange.attempts.connection)
    if exchange.state is State.READING:
        yield from exchange.connect()
    return exchange.note_sent()


def _client_left(exchange: Exchange, event: messages.RequestProtocolError) -> Decision | None:
    if event.code is not messages.ErrorCode.REQUEST_VALIDATION_FAILED:
        exchange.journal.report(Kind.CLIENT_LEFT)
        exchange.ending.log_client_left()
    exchange.journal.record.end = event.message
    exchange.reply.client_left = True
    how = exchange.edge.profile.origin.on_client_leave
    if how is CloseKind.NOTHING:
        return None if exchange.upload.is_whole else decisions.Silence(CloseKind.FIN)
    return decisions.Silence(how)


def _obey(exchange: Exchange, order: signals.Order) -> Deciding:
    if order.expire or exchange.ordered is None:
        return decisions.Expire()
    kept_back = exchange.ordered.release()
    if exchange.state is State.HELD:
        exchange.enter(State.WAITING)
        if exchange.attempts.connection is not None:
            yield signals.HoldReading(exchange.attempts.connection, hold=False)
    attempt = exchange.attempts.number
    for event in kept_back:
        if exchange.state is not State.OVER and exchange.attempts.number == attempt:
            yield from _dispatch(exchange, event)
    return None


# ---- the origin


def _origin_ready(exchange: Exchange, event: signals.OriginReady) -> Deciding:
    exchange.enter(State.WAITING)
    yield from exchange.attempts.connected(event)
    return exchange.note_sent()


def _header_completed(exchange: Exchange, event: messages.ResponseHeaders) -> Deciding:
    decision = yield from exchange.response.take_header(event)
    if decision is None:
        exchange.enter(State.FORWARDING)
    return decision


def _origin_unreachable(exchange: Exchange, event: signals.OriginUnreachable) -> Decision:
    exchange.attempts.failed(event)
    is_timeout = event.reason == "timeout"
    return decisions.Failure((ResendCause.CONNECT,), "connect-timeout" if is_timeout else "connect-refused")


def _room_changed(exchange: Exchange, event: signals.OriginRoom) -> Decision | None:
    exchange.deadlines.change_room(event.room)
    return exchange.note_sent() if event.room is signals.Room.FREE else None


def _ignore(_exchange: Exchange, _event: events.Event) -> None:
    """An alarm that rings needs nothing but the look at the timers that every event brings."""


#: What each event does. Tables: to ask for one class after the other takes longer than most effects do.
_EFFECTS: Mapping[type[events.Event], Callable[[Exchange, Any], Deciding]] = {
    messages.RequestHeaders: _begin,
    messages.RequestData: _take_body,
    messages.RequestTrailers: _take_body,
    messages.RequestEndOfMessage: _request_ended,
    signals.Order: _obey,
    signals.OriginReady: _origin_ready,
    signals.InterimReceived: lambda exchange, event: exchange.response.take_interim(event),
    messages.ResponseHeaders: _header_completed,
    messages.ResponseData: lambda exchange, event: exchange.response.take_body(event),
    messages.ResponseEndOfMessage: lambda exchange, event: exchange.response.take_end(event),
}
#: The same for effects that send nothing by themselves.
_NOTES: Mapping[type[events.Event], Callable[[Exchange, Any], Decision | None]] = {
    messages.RequestProtocolError: _client_left,
    signals.OriginUnreachable: _origin_unreachable,
    signals.OriginRead: lambda exchange, event: exchange.attempts.read(event),
    signals.OriginRoom: _room_changed,
    signals.OriginBroke: lambda exchange, event: exchange.response.take_break(event),
    messages.ResponseTrailers: lambda exchange, event: exchange.reply.trailers(event.trailers),
}
