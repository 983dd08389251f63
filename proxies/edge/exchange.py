"""One exchange: a request of a client, the attempts to get it answered, and the answer.

Theory of operation
-------------------
A byte of the origin's answer passes these places on its way to the client, and each may keep it from going
further:

1.  `EdgeTransport` reads it from the origin's socket, unless back pressure or a hold stops the reading, and
    `ClientConnection` gives it to `EdgeLayer`, which knows whose connection it is.
2.  `EdgeHttp1Client` reports the read (`OriginRead`), then parses: interim responses, a header, body bytes,
    an end, or a break. `EdgeLayer` drops what comes from a connection that its exchange has left.
3.  `effects.handle_event` looks at the clock. When a timer is due, it fires first: whatever came in the same
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

An exchange is in one `State`; `state.FOLLOWS` says which may follow which. Nothing here waits: an alarm wakes
the exchange when its next deadline has come.
"""

from collections.abc import Callable, Iterable, Mapping

from mitmproxy import http
from mitmproxy.proxy.commands import Command
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import CommandGenerator
from mitmproxy.proxy.layers.http import DropStream
from mitmproxy.proxy.layers.http import _events as messages

from firstbyte.harness.model.profile import Cause, Point, ResendCause, Timer
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


class Exchange:
    """Owns the parts and the state, and carries out what the parts decide.

    All parts but journal and deadlines are made when the request's head is here. ordered: None unless the
    edge takes orders. addons: None unless there is an addon. tunnel: None before a 101. late_answer: the
    key of the answer that comes at the end of UPLOADING.
    """

    __slots__ = (
        "_context", "_stream_id", "addons", "attempts", "deadlines", "edge", "ending", "journal",
        "late_answer", "ordered", "reply", "response", "state", "tunnel", "upload",
    )  # fmt: skip

    def __init__(self, context: Context, stream_id: int, edge: SharedEdge) -> None:
        self.state = State.NEW
        self.journal = Journal(edge)
        self.deadlines = Deadlines(stream_id, edge, self.journal)
        self.addons = FlowHooks(context, edge, self.journal) if edge.hooks.wants("") else None
        self.ordered: Ordered | None = None
        self.tunnel: Tunnel | None = None
        self.late_answer = ""
        self.edge = edge
        self._context = context
        self._stream_id = stream_id

    def __repr__(self) -> str:
        details = [f"{self._stream_id} {self.state.value}"]
        if self.state is not State.NEW and self.state is not State.OVER:
            details.append(f"attempt {self.attempts.number}")
            if self.state in _PROGRESS:
                details.append(_PROGRESS[self.state](self))
            if self.reply.client_left:
                details.append("the client has left")
            details.append(self.deadlines.describe(self.edge.clock.now()) or "no timer")
        return f"<Exchange {', '.join(details)}>"

    def enter(self, state: State) -> None:
        """Go on to this state. Raises RuntimeError for a step that is not in the table."""
        if state not in FOLLOWS[self.state]:
            raise RuntimeError(f"{self!r} can't come to be {state.value}: not in the table of states")
        self.state = state

    def open(self, event: messages.RequestHeaders) -> CommandGenerator[None]:
        """The request's head is here."""
        config, held = self.edge.config, self.edge.held
        self.edge.active += 1
        number = held.new_id() if config.held or config.ordered else 0
        self.journal.open(event.request, number)
        self._make_parts(event.request, number)
        if self.upload.prepare(has_body=not event.end_stream):
            go_on = http.Response.make(100)
            go_on.headers.clear()
            yield from self.reply.interim(go_on)
        self.enter(State.READING)
        self.deadlines.reach(Point.REQUEST_STARTED)
        if self.ordered is not None and config.held:
            self.journal.report(Kind.HELD, id=number, action=str(self.ordered.action or ""))
            yield signals.KeepHeld(self._stream_id, number, self.ordered.describe)

    def _make_parts(self, request: http.Request, number: int) -> None:
        stream_id, edge, journal, deadlines = self._stream_id, self.edge, self.journal, self.deadlines
        client, profile = self._context.client, edge.profile
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

    def settle(self) -> Iterable[Command]:
        """After each event: be forgotten, or be woken at the next deadline."""
        if self.state is State.OVER:
            over = self.addons.over(self.journal.record) if self.addons and not self.tunnel else ()
            return (*over, DropStream(self._stream_id))
        resend_at = self.attempts.resend_at
        if resend_at is not None and resend_at <= self.journal.now:
            return (*self.connect(), *self.deadlines.set_alarm(None))
        return self.deadlines.set_alarm(resend_at)

    def connect(self) -> CommandGenerator[None]:
        """Ask for a connection to the origin."""
        self.enter(State.CONNECTING)
        yield from self.attempts.connect()

    def note_sent(self) -> Decision | None:
        """If the origin has all of the request now, write it down, and do what was ordered for then."""
        self.attempts.note_if_sent()
        is_ordered = self.ordered is not None and self.ordered.action is Action.EXPIRE
        return decisions.Expire() if is_ordered and self.attempts.is_sent else None

    # ---- decisions

    def carry_out(self, decision: Decision) -> CommandGenerator[None]:
        """Do what a part has decided."""
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
                yield from self.fire(self.deadlines.first(), tie=False)
            case decisions.Upgrade():
                yield from self._upgrade()
            case _:
                yield from self.ending.carry_out(decision)
                yield from self.finish()

    def fire(self, timer: Timer, *, tie: bool) -> CommandGenerator[None]:
        """A timer fires."""
        self.deadlines.expire(timer, tie=tie)
        if self.tunnel is not None:
            yield from self.tunnel.cut()
            yield from self.finish()
            return
        reply, profile = self.reply, self.edge.profile
        if reply.header_forwarded or (reply.response is not None and not timer.answer):
            yield from self.carry_out(decisions.Cut(Cause.TIMER))
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
                    yield from self.carry_out(decisions.SendAgain(cause, rule.delay))
                    return
        if failure.after_upload:
            self.enter(State.UPLOADING)
            self.late_answer = failure.answer
            self.deadlines.give_up_attempt()
        else:
            yield from self.carry_out(decisions.Answer(failure.answer))

    def _upgrade(self) -> CommandGenerator[None]:
        """The client has its 101."""
        self.enter(State.TUNNEL)
        if self.ordered is not None:
            self.ordered.stop_listening()
        self.deadlines.reach(Point.UPGRADED)
        profile = self.edge.profile
        self.tunnel = Tunnel(
            self._context, self._stream_id, profile, self.journal, self.deadlines, self.attempts
        )
        yield from self.tunnel.start(self.addons)

    def finish(self) -> CommandGenerator[None]:
        """Nothing follows: stop all timers and write the exchange down."""
        self.enter(State.OVER)
        # An answer need not wait until all about it is written down.
        yield signals.Flush()
        self.edge.active -= 1
        if self.ordered is not None:
            self.ordered.stop_listening()
        yield from self.deadlines.stop()
        yield from self.upload.release_client()
        self.journal.record.ended = self.journal.now
        if self.ordered is not None:
            self.ordered.note_end(self.reply)
        if self.edge.done is not None:
            self.edge.done(self.journal.record)


#: How far an exchange is in a state, for its repr.
_PROGRESS: Mapping[State, Callable[[Exchange], str]] = {
    State.READING: lambda exchange: f"{exchange.journal.record.request_size} bytes so far",
    State.FORWARDING: lambda exchange: f"{exchange.journal.record.response_size} bytes so far",
    State.UPLOADING: lambda exchange: f"{exchange.journal.record.request_size} bytes so far",
    State.HELD: lambda exchange: repr(exchange.ordered),
}
