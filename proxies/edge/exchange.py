"""One exchange: a request of a client, the attempts to get it answered, and the answer.

Theory of operation
-------------------
A byte of the origin's answer passes these places on its way to the client, and each may keep it from going
further:

1.  `EdgeTransport` reads it from the origin's socket, unless back pressure or a hold stops the reading, and
    `ClientConnection` gives it to `EdgeLayer`, which knows whose connection it is.
2.  `EdgeHttp1Client` reports the read (`OriginRead`), then parses: interim responses, a header, body bytes,
    an end, or a break. `EdgeLayer` drops what comes from a connection that its exchange has left.
3.  `Exchange.handle_event` looks at the clock. When a timer is due, it fires first: whatever came in the same
    microsecond has come too late. In the state HELD, the event is kept back until the request is released.
4.  `Response` lets the points of the event start, stop and reset timers (`Deadlines`), and has the profile,
    an order (`Ordered`) and a user's addon (`FlowHooks`) decide: the part goes on, is changed, or is not an
    answer at all. It returns a decision, which the exchange carries out.
5.  `EdgeReply` frames the byte for the client's version of HTTP. It may hold the header, and with it the
    body, until the body or its end is there, and the bytes it holds may be lost when the answer breaks.
6.  `EdgeHttp1Server` or `EdgeHttp2Server` writes it, and `ClientConnection` sends all that one event has for
    the client in one piece.

The request goes the other way through `Upload`, which holds it until a connection is there and keeps a copy
for as long as it may be sent again. `Attempts` asks for connections and knows the profile's rules for sending
again. `ExchangeEnding` carries out every way in which an exchange ends.

An exchange is in one `State`; `state.FOLLOWS` says which may follow which. Nothing here waits, and nothing
reads a clock but the edge's.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mitmproxy import http
from mitmproxy.proxy import events
from mitmproxy.proxy.commands import Command
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import CommandGenerator
from mitmproxy.proxy.layers.http import DropStream
from mitmproxy.proxy.layers.http import _events as messages

from firstbyte.harness.model.profile import Cause, CloseKind, Point, ResendCause, Timer
from firstbyte.harness.model.timeline import Kind
from firstbyte.proxies.edge import decisions
from firstbyte.proxies.edge.attempts import Attempts
from firstbyte.proxies.edge.deadlines import Deadlines
from firstbyte.proxies.edge.decisions import Decision
from firstbyte.proxies.edge.ending import ExchangeEnding
from firstbyte.proxies.edge.flow_hooks import FlowHooks
from firstbyte.proxies.edge.journal import Journal
from firstbyte.proxies.edge.ordered import Ordered
from firstbyte.proxies.edge.reply import EdgeReply, client_version
from firstbyte.proxies.edge.response import Response
from firstbyte.proxies.edge.shared import SharedEdge
from firstbyte.proxies.edge.state import FOLLOWS, State
from firstbyte.proxies.edge.tunnel import Tunnel
from firstbyte.proxies.edge.upload import Upload
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


class Exchange:
    """Events in, commands out; owns the parts and the state.

    All parts but journal and deadlines are made when the request's head is here. ordered: None unless the
    edge takes orders. addons: None unless there is an addon. late_answer: for the end of UPLOADING.
    """

    __slots__ = (
        "_context", "_edge", "_late_answer", "_stream_id", "addons", "attempts", "deadlines", "ending",
        "journal", "ordered", "reply", "response", "state", "tunnel", "upload",
    )  # fmt: skip

    def __init__(self, context: Context, stream_id: int, edge: SharedEdge) -> None:
        self.state = State.NEW
        self.journal = Journal(edge)
        self.deadlines = Deadlines(stream_id, edge, self.journal)
        self.addons = FlowHooks(context, edge, self.journal) if edge.hooks.wants("") else None
        self.ordered: Ordered | None = None
        self.tunnel: Tunnel | None = None
        self._context = context
        self._edge = edge
        self._stream_id = stream_id
        self._late_answer = ""

    def __repr__(self) -> str:
        details = [f"{self._stream_id} {self.state.value}"]
        if self.state is not State.NEW and self.state is not State.OVER:
            details.append(f"attempt {self.attempts.number}")
            if self.state in _PROGRESS:
                details.append(_PROGRESS[self.state](self))
            if self.reply.client_left:
                details.append("the client has left")
            details.append(self.deadlines.describe(self._edge.clock.now()) or "no timer")
        return f"<Exchange {', '.join(details)}>"

    def enter(self, state: State) -> None:
        """Go on to this state. Raises RuntimeError for a step that is not in the table."""
        if state not in FOLLOWS[self.state]:
            raise RuntimeError(f"{self!r} can't come to be {state.value}: not in the table of states")
        self.state = state

    # ---- events

    def handle_event(self, event: events.Event) -> CommandGenerator[None]:
        """Whatever happens to this exchange."""
        now = self.journal.now = self._edge.clock.now()
        if not FOLLOWS[self.state]:
            return  # over is final
        due = self.deadlines.due(event)
        if due is not None:
            timer, deadline = due
            is_of_origin = isinstance(event, _FROM_ORIGIN if self.tunnel is None else messages.ResponseData)
            # At a tie the timer wins: whatever came in the same microsecond came too late.
            yield from self._fire(timer, tie=is_of_origin and deadline == now)
            if is_of_origin or self.state is State.OVER:
                yield from self._settle()
                return
        if self.ordered is not None and (yield from self._hold_back(self.ordered, event)):
            return
        yield from self._dispatch(event)
        yield from self._settle()

    def _dispatch(self, event: events.Event) -> CommandGenerator[None]:
        if self.tunnel is not None:
            if (yield from self.tunnel.take(event)):
                yield from self._finish()
            return
        effect = _EFFECTS.get(type(event))
        if effect is not None:
            decision = yield from effect(self, event)
        else:
            decision = _NOTES.get(type(event), _ignore)(self, event)
        if decision is not None:
            yield from self._carry_out(decision)

    def _hold_back(self, ordered: Ordered, event: events.Event) -> CommandGenerator[bool]:
        """Whether this event waits until the request is released."""
        if (
            self.state is State.WAITING
            and ordered.action is Action.HOLD
            and type(event) is messages.ResponseHeaders
        ):
            self.enter(State.HELD)
            if self.attempts.connection is not None:
                yield signals.HoldReading(self.attempts.connection, hold=True)
        if self.state is not State.HELD or not isinstance(event, _FROM_ORIGIN):
            return False
        ordered.kept_back.append(event)
        return True

    def _settle(self) -> Iterable[Command]:
        """After each event: be forgotten, or be woken at the next deadline."""
        if self.state is State.OVER:
            over = self.addons.over(self.journal.record) if self.addons and not self.tunnel else ()
            return (*over, DropStream(self._stream_id))
        resend_at = self.attempts.resend_at
        if resend_at is not None and resend_at <= self.journal.now:
            return (*self._connect(), *self.deadlines.set_alarm(None))
        return self.deadlines.set_alarm(resend_at)

    # ---- what the client does

    def _begin(self, event: messages.RequestHeaders) -> CommandGenerator[Decision | None]:
        request, config = event.request, self._edge.config
        self._edge.active += 1
        number = self._edge.held.new_id() if config.held or config.ordered else 0
        self.journal.open(request, number)
        self._make_parts(request, number)
        if self.upload.prepare(has_body=not event.end_stream):
            go_on = http.Response.make(100)
            go_on.headers.clear()
            yield from self.reply.interim(go_on)
        self.enter(State.READING)
        self.deadlines.reach(Point.REQUEST_STARTED)
        if self.ordered is not None and config.held:
            self.journal.report(Kind.HELD, id=number, action=str(self.ordered.action or ""))
            yield signals.KeepHeld(self._stream_id, number, self.ordered.describe)
        if self.addons is not None:
            yield from self.addons.request_headers(request)
            self.upload.buffers |= self.addons.buffers_request
            if self.addons.decision is not None:
                return self.addons.decision
        if not self.upload.buffers:
            yield from self._connect()
        return None

    def _make_parts(self, request: http.Request, number: int) -> None:
        stream_id, edge, journal, deadlines = self._stream_id, self._edge, self.journal, self.deadlines
        client, profile = self._context.client, edge.config.profile
        version = client_version(request.data.http_version, is_http2=client.alpn == b"h2")
        self.upload = Upload(request, stream_id, client, edge, journal, deadlines)
        self.reply = EdgeReply(stream_id, client, profile, version, journal, deadlines)
        self.attempts = Attempts(stream_id, profile, self.upload, self.reply, journal, deadlines)
        if number:
            self.ordered = Ordered(number, edge, self.upload, journal, deadlines)
        self.response = Response(
            edge, journal, deadlines, self.attempts, self.reply, self.addons, self.ordered
        )
        accept = request.headers.get("accept", "")
        self.ending = ExchangeEnding(accept, edge, journal, self.upload, self.attempts, self.reply)

    def _take_body(
        self, event: messages.RequestData | messages.RequestTrailers
    ) -> CommandGenerator[Decision | None]:
        self.upload.take(event)
        if self.state is not State.UPLOADING:
            yield from self.upload.pass_on(event, self.attempts.connection)
        return decisions.Answer("protocol-error", status=413) if self.upload.is_too_large else None

    def _request_ended(self, event: messages.RequestEndOfMessage) -> CommandGenerator[Decision | None]:
        if self.addons is not None:
            body = yield from self.addons.request(self.upload.body_so_far())
            self.upload.is_whole = True
            if self.addons.decision is not None:
                return self.addons.decision
            if body is not None:
                self.upload.replace_body(body)
        self.upload.end(event)
        if self.state is State.UPLOADING:
            return decisions.Answer(self._late_answer)
        yield from self.upload.pass_on(event, self.attempts.connection)
        if self.state is State.READING:
            yield from self._connect()
        return self.note_sent()

    def _client_left(self, event: messages.RequestProtocolError) -> Decision | None:
        if event.code is not messages.ErrorCode.REQUEST_VALIDATION_FAILED:
            self.journal.report(Kind.CLIENT_LEFT)
            self.ending.log_client_left()
        self.journal.record.end = event.message
        self.reply.client_left = True
        how = self._edge.config.profile.origin.on_client_leave
        if how is CloseKind.NOTHING:
            return None if self.upload.is_whole else decisions.Silence(CloseKind.FIN)
        return decisions.Silence(how)

    # ---- the origin

    def _connect(self) -> CommandGenerator[None]:
        self.enter(State.CONNECTING)
        yield from self.attempts.connect()

    def note_sent(self) -> Decision | None:
        """If the origin has all of the request now, write it down, and do what was ordered for then."""
        self.attempts.note_if_sent()
        is_ordered = self.ordered is not None and self.ordered.action is Action.EXPIRE
        return decisions.Expire() if is_ordered and self.attempts.is_sent else None

    # ---- decisions

    def _obey(self, order: signals.Order) -> CommandGenerator[Decision | None]:
        if order.expire or self.ordered is None:
            return decisions.Expire()
        kept_back = self.ordered.release()
        if self.state is State.HELD:
            self.enter(State.WAITING)
            if self.attempts.connection is not None:
                yield signals.HoldReading(self.attempts.connection, hold=False)
        attempt = self.attempts.number
        for event in kept_back:
            if self.state is not State.OVER and self.attempts.number == attempt:
                yield from self._dispatch(event)
        return None

    def _carry_out(self, decision: Decision) -> CommandGenerator[None]:
        match decision:
            case decisions.Failure():
                yield from self._fail(decision)
            case decisions.SendAgain():
                yield from self.attempts.leave(decision.leave)
                self.enter(State.PAUSED)
                self.attempts.begin_next(decision.cause, decision.delay)
            case decisions.Expire():
                if self.ordered is not None and self.ordered.action is Action.EXPIRE:
                    self.ordered.mark_done()
                yield from self._fire(self.deadlines.first(), tie=False)
            case decisions.Upgrade():
                yield from self._upgrade()
            case _:
                yield from self.ending.carry_out(decision)
                yield from self._finish()

    def _fire(self, timer: Timer, *, tie: bool) -> CommandGenerator[None]:
        """A timer fires."""
        self.deadlines.expire(timer, tie=tie)
        if self.tunnel is not None:
            yield from self.tunnel.cut()
            yield from self._finish()
            return
        reply, profile = self.reply, self._edge.config.profile
        if reply.header_forwarded or (reply.response is not None and not timer.answer):
            yield from self._carry_out(decisions.Cut(Cause.TIMER))
            return
        is_connected = self.attempts.connection is not None
        after = profile.interim.after if self.response.interims and is_connected else ""
        failure = decisions.Failure(
            (ResendCause.TIMER if is_connected else ResendCause.CONNECT,),
            after or timer.answer or "timeout",
            leave=profile.origin.on_expiry,
            after_upload=timer.after_upload and not self.upload.is_whole,
        )
        yield from self._fail(failure)

    def _fail(self, failure: decisions.Failure) -> CommandGenerator[None]:
        """Send again, or answer now or when all of the request is here."""
        yield from self.attempts.leave(failure.leave)
        if self.ordered is not None:
            self.ordered.kept_back.clear()
        if self.state is not State.READING and self.state is not State.UPLOADING:
            for cause in failure.causes:
                rule = self.attempts.rule(cause)
                if rule is not None:
                    yield from self._carry_out(decisions.SendAgain(cause, rule.delay))
                    return
        if failure.after_upload:
            self.enter(State.UPLOADING)
            self._late_answer = failure.answer
            self.deadlines.give_up_attempt()
        else:
            yield from self._carry_out(decisions.Answer(failure.answer))

    def _upgrade(self) -> CommandGenerator[None]:
        """The client has its 101."""
        self.enter(State.TUNNEL)
        if self.ordered is not None:
            self.ordered.stop_listening()
        self.deadlines.reach(Point.UPGRADED)
        profile = self._edge.config.profile
        self.tunnel = Tunnel(
            self._context, self._stream_id, profile, self.journal, self.deadlines, self.attempts
        )
        yield from self.tunnel.start(self.addons)

    def _finish(self) -> CommandGenerator[None]:
        """Nothing follows: stop all timers and write the exchange down."""
        self.enter(State.OVER)
        # An answer need not wait until all about it is written down.
        yield signals.Flush()
        self._edge.active -= 1
        if self.ordered is not None:
            self.ordered.stop_listening()
        yield from self.deadlines.stop()
        yield from self.upload.release_client()
        self.journal.record.ended = self.journal.now
        if self.ordered is not None:
            self.ordered.note_end(self.reply)
        self._edge.done(self.journal.record)


#: How far an exchange is in a state, for its repr.
_PROGRESS: Mapping[State, Callable[[Exchange], str]] = {
    State.READING: lambda exchange: f"{exchange.journal.record.request_size} bytes so far",
    State.FORWARDING: lambda exchange: f"{exchange.journal.record.response_size} bytes so far",
    State.UPLOADING: lambda exchange: f"{exchange.journal.record.request_size} bytes so far",
    State.HELD: lambda exchange: repr(exchange.ordered),
}


def _origin_ready(exchange: Exchange, event: signals.OriginReady) -> CommandGenerator[Decision | None]:
    exchange.enter(State.WAITING)
    yield from exchange.attempts.connected(event)
    return exchange.note_sent()


def _header_completed(
    exchange: Exchange, event: messages.ResponseHeaders
) -> CommandGenerator[Decision | None]:
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
_EFFECTS: Mapping[type[events.Event], Callable[[Exchange, Any], CommandGenerator[Decision | None]]] = {
    messages.RequestHeaders: Exchange._begin,
    messages.RequestData: Exchange._take_body,
    messages.RequestTrailers: Exchange._take_body,
    messages.RequestEndOfMessage: Exchange._request_ended,
    signals.Order: Exchange._obey,
    signals.OriginReady: _origin_ready,
    signals.InterimReceived: lambda exchange, event: exchange.response.take_interim(event),
    messages.ResponseHeaders: _header_completed,
    messages.ResponseData: lambda exchange, event: exchange.response.take_body(event),
    messages.ResponseEndOfMessage: lambda exchange, event: exchange.response.take_end(event),
}
#: The same for effects that send nothing by themselves.
_NOTES: Mapping[type[events.Event], Callable[[Exchange, Any], Decision | None]] = {
    messages.RequestProtocolError: Exchange._client_left,
    signals.OriginUnreachable: _origin_unreachable,
    signals.OriginRead: lambda exchange, event: exchange.attempts.read(event),
    signals.OriginRoom: _room_changed,
    signals.OriginBroke: lambda exchange, event: exchange.response.take_break(event),
    messages.ResponseTrailers: lambda exchange, event: exchange.reply.trailers(event.trailers),
}
