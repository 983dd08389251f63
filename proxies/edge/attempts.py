"""The request of one exchange: how it reaches the origin, and what the edge remembers of it.

Yields mitmproxy commands; `EdgeStream` decides when. It must never send to anything but the connection it
asked for.
"""

from collections.abc import Iterable

from mitmproxy import http
from mitmproxy.connection import Client
from mitmproxy.proxy.commands import Command
from mitmproxy.proxy.layer import CommandGenerator
from mitmproxy.proxy.layers.http import SendHttp
from mitmproxy.proxy.layers.http._base import HttpEvent
from mitmproxy.proxy.layers.http._events import (
    RequestData,
    RequestEndOfMessage,
    RequestHeaders,
    RequestTrailers,
)

from firstbyte.harness import redact
from firstbyte.harness.model.profile import Cause, CloseKind, InterimAction, Point, Resend, ResendCause
from firstbyte.harness.model.timeline import Kind
from firstbyte.proxies.edge.record import record_of
from firstbyte.proxies.edge.reply import EdgeReply, client_version
from firstbyte.proxies.edge.shared import SharedEdge
from firstbyte.proxies.edge.timing import Timing
from firstbyte.proxies.http.connections import OriginConnection
from firstbyte.proxies.http.head_rules import clean_request
from firstbyte.proxies.http.signals import AskOrigin, HoldReading, LeaveOrigin, Room, SetAlarm
from firstbyte.proxies.rules import resend as rules
from firstbyte.proxies.rules.orders import Action, Next, Seen

#: Bytes of a body that wait for the connection to the origin before the edge stops reading from the client.
_MAX_PENDING = 1024 * 1024


class Attempts(Timing):
    """State and request side of one exchange."""

    # With a dict for so many names, this would be an eighth of what a held request costs.
    __slots__ = (
        "_accept", "_alarm", "_any_byte", "_attempt", "_client", "_connecting", "_held_id",
        "_holding_client", "_kept", "_kept_size", "_method", "_pending", "_pending_size", "_profile",
        "_request", "_resend_at", "_reused", "_stream_id", "buffers_request", "client_left", "holds_back",
        "is_over", "is_sent", "kept_back", "late_answer", "order", "origin", "reply", "request_ended", "seen",
    )  # fmt: skip

    reply: EdgeReply

    def __init__(self, client: Client, stream_id: int, edge: SharedEdge) -> None:
        super().__init__(edge)
        self.origin: OriginConnection | None = None
        self.client_left = False
        self.request_ended = False
        self.is_over = False
        self.is_sent = False
        self.holds_back = False
        self.kept_back: list[HttpEvent] = []
        self.order: Next | None = None
        self.seen: Seen | None = None
        self.late_answer = ""
        self.buffers_request = edge.config.profile.buffer_request
        self._client = client
        self._stream_id = stream_id
        self._profile = edge.config.profile
        self._alarm: int | None = None
        self._connecting = False
        self._reused = False
        self._attempt = 1
        self._any_byte = False
        self._resend_at: int | None = None
        self._pending: list[HttpEvent] = []
        self._pending_size = 0
        self._holding_client = False
        self._kept: list[HttpEvent] | None = None
        self._kept_size = 0
        self._held_id = 0

    def __repr__(self) -> str:
        connection = "connected" if self.origin else "connecting" if self._connecting else "reading"
        where = "over" if self.is_over else connection
        return f"<Attempts {where}, attempt {self._attempt}, {self.bank!r}>"

    @property
    def action(self) -> Action | None:
        """What was ordered and has not been done yet."""
        return self.order.action if self.order else None

    @property
    def is_http2(self) -> bool:
        """Whether the client speaks HTTP/2."""
        return self._client.alpn == b"h2"

    @property
    def is_connected(self) -> bool:
        """Whether this attempt has a connection to the origin, or had one."""
        return self.origin is not None

    def settle_alarm(self) -> Iterable[Command]:
        """After each event: be woken at the next deadline. A later one waits for the alarm that is set."""
        is_due = self._resend_at is not None and self._resend_at <= self.now
        return self._resend_and_settle() if is_due else self._set_alarm()

    def _resend_and_settle(self) -> CommandGenerator[None]:
        yield from self.resend_if_due()
        yield from self._set_alarm()

    def _set_alarm(self) -> tuple[Command, ...]:
        bank = None if self._edge.config.held else self.bank.deadline()
        resend = self._resend_at
        deadline = bank if resend is None else resend if bank is None else min(bank, resend)
        if deadline is None and self._alarm is None:
            return ()
        if deadline is None or self._alarm is None or deadline < self._alarm or self._alarm <= self.now:
            self._alarm = deadline
            return (SetAlarm(self._stream_id, deadline),)
        return ()

    # ---- the request

    def begin(self, request: http.Request, *, has_body: bool) -> CommandGenerator[None]:
        """The request's head is here."""
        edge = self._edge
        self._edge.active += 1
        if edge.config.held or edge.config.ordered:
            self._held_id = edge.held.new_id()
        self._request = request
        self._method = request.method.upper()
        self._accept = request.headers.get("accept", "")
        self.record = record_of(
            request, self._held_id, self.now, hop=edge.config.hop, keeps_bodies=edge.keeps_bodies
        )
        version = client_version(request.data.http_version, is_http2=self.is_http2)
        self.reply = EdgeReply(self._stream_id, self._client, self._profile, self._method, version)
        if edge.is_watched:
            self.tell(Kind.REQUEST_RECEIVED, method=self._method, path=redact.text(request.path))
        yield from self._prepare(request, has_body=has_body)
        self.note(Point.REQUEST_STARTED)

    def go(self) -> CommandGenerator[None]:
        """Connect, unless the whole request has to be here first."""
        if not self.buffers_request:
            yield from self._connect(fresh=False)

    def _prepare(self, request: http.Request, *, has_body: bool) -> CommandGenerator[None]:
        if has_body and self.is_http2 and "content-length" not in request.headers:
            request.headers["Transfer-Encoding"] = "chunked"
        clean_request(request, self._edge.config.upstream)
        if rules.may_need_body(self._profile, self._method):
            self._kept = []
        if request.headers.get("expect", "").lower() == "100-continue":
            forwards = self._edge.interim_action(100) is InterimAction.FORWARD
            if self.buffers_request or not forwards:
                # The origin's 100 won't reach the client, so the edge has to say it.
                del request.headers["expect"]
                if has_body:
                    go_on = http.Response.make(100)
                    go_on.headers.clear()
                    yield from self.reply.interim(go_on)

    def take_body(self, event: RequestData | RequestTrailers) -> CommandGenerator[None]:
        """A part of the body has come in."""
        if isinstance(event, RequestData):
            self.note(Point.REQUEST_READ)
            self.record.add_request_bytes(event.data)
            self._keep(event, len(event.data))
        else:
            self._keep(event, 0)
        yield from self._pass_on(event)

    @property
    def is_too_large(self) -> bool:
        """Whether more waits than a buffering edge takes."""
        return self.buffers_request and self._pending_size > self._edge.config.max_buffered_bytes

    def body_so_far(self) -> bytes:
        """What waits of the body."""
        return b"".join(event.data for event in self._pending if isinstance(event, RequestData))

    def replace_body(self, body: bytes) -> None:
        """An addon has had the buffered body in its hands: this is what goes on."""
        self._pending = [RequestData(self._stream_id, body)] if body else []
        self._kept = list(self._pending) if self._kept is not None else None

    def _keep(self, event: HttpEvent, size: int) -> None:
        if self._kept is None:
            return
        self._kept_size += size
        if self._kept_size > self._edge.config.max_replay_bytes:
            self._kept = None
        else:
            self._kept.append(event)

    def _pass_on(self, event: HttpEvent) -> CommandGenerator[None]:
        if self.late_answer:
            return
        if self.origin is not None and not self._connecting:
            yield SendHttp(event, self.origin)
            return
        self._pending.append(event)
        self._pending_size += len(event.data) if isinstance(event, RequestData) else 0
        if self._pending_size > _MAX_PENDING and not self._holding_client and not self.buffers_request:
            self._holding_client = True
            yield HoldReading(self._client, hold=True)

    def take_end(self, event: RequestEndOfMessage) -> CommandGenerator[None]:
        """The whole request has come in."""
        self.request_ended = True
        self.note(Point.REQUEST_RECEIVED)
        self._keep(event, 0)
        yield from self._pass_on(event)
        if self.buffers_request:
            yield from self._connect(fresh=False)
        elif self.origin is not None:
            self._sent_unless_blocked()

    def room(self, room: Room) -> None:
        """The origin takes no more, or more again."""
        self.room_changed(room)
        if room is Room.FREE and self.request_ended and not self.is_sent:
            self._sent_unless_blocked()

    def _sent_unless_blocked(self) -> None:
        if self.origin is not None and not self.origin.is_full:
            self._sent()

    def _sent(self) -> None:
        self.is_sent = True
        if self.record.sent is None:
            self.record.sent = self.now
        self.tell(Kind.REQUEST_FORWARDED, attempt=self._attempt)
        self.note(Point.REQUEST_SENT)

    # ---- attempts

    def _connect(self, *, fresh: bool) -> CommandGenerator[None]:
        self._connecting = True
        self.record.attempts = self._attempt
        self.tell(Kind.CONNECT_STARTED, attempt=self._attempt)
        self.note(Point.CONNECT_STARTED)
        yield AskOrigin(self._stream_id, fresh)

    def connected(self, connection: OriginConnection, *, reused: bool) -> CommandGenerator[None]:
        """There is a connection: send what has come in so far."""
        self._connecting = False
        self._reused = reused
        self.origin = connection
        self.tell(Kind.CONNECTED, reused=reused)
        self.note(Point.CONNECTED)
        yield SendHttp(RequestHeaders(self._stream_id, self._request, end_stream=False), connection)
        pending, self._pending, self._pending_size = self._pending, [], 0
        for event in pending:
            yield SendHttp(event, connection)
        if self._holding_client:
            self._holding_client = False
            yield HoldReading(self._client, hold=False)
        if self.request_ended:
            self._sent_unless_blocked()

    def connect_failed(self, reason: str) -> None:
        """There is no connection."""
        self._connecting = False
        self.tell(Kind.CONNECT_FAILED, reason=reason)

    def origin_read(self, size: int, header_bytes: int) -> None:
        """Bytes have come from the origin."""
        self.note(Point.ORIGIN_READ)
        if not self._any_byte:
            self._any_byte = True
            self.record.first_byte = self.now
            self.note(Point.FIRST_BYTE_READ)
        if header_bytes:
            self.tell(Kind.ORIGIN_READ, bytes=header_bytes)

    def leave_origin(self, how: CloseKind) -> CommandGenerator[None]:
        """Give up the connection of this attempt, or the try to get one."""
        if self._connecting:
            self._connecting = False
            self.tell(Kind.CONNECT_FAILED, reason="given-up")
            yield LeaveOrigin(self._stream_id, None, CloseKind.FIN)
        elif self.origin is not None:
            connection, self.origin = self.origin, None
            self.bank.wait_for_client_again(self.now)
            if how is not CloseKind.NOTHING:
                self.tell(Kind.ORIGIN_CLOSED, how=str(how), by="edge")
            yield LeaveOrigin(self._stream_id, connection, how)

    def origin_gone(self, cause: Cause) -> None:
        """The origin has closed its connection."""
        self.origin = None
        self.tell(Kind.ORIGIN_CLOSED, how="rst" if cause is Cause.RESET else "fin", by="origin")

    # ---- sending again

    def may_resend(self, cause: ResendCause, status: int = 0) -> bool:
        """Whether the profile has the request sent again for this."""
        return self._rule(cause, status) is not None

    def _rule(self, cause: ResendCause, status: int) -> Resend | None:
        rule = rules.rule_for(self._profile, self._method, cause, status)
        if (
            rule is None
            or self._attempt >= rule.attempts
            or (self.client_left and not rule.after_client_left)
        ):
            return None
        has_body = self.record.request_size > 0
        return None if has_body and (not rule.body or self._kept is None) else rule

    def resend(self, cause: ResendCause, status: int = 0) -> bool:
        """Start the next attempt, if the profile has one for this cause."""
        rule = self._rule(cause, status)
        if rule is None:
            return False
        self.send_again(str(cause), rule.delay)
        return True

    @property
    def can_be_sent_again(self) -> bool:
        """Whether all of the request is still here."""
        return self.request_ended and self._kept is not None

    def send_again(self, cause: str, delay: int = 0) -> None:
        """Start the next attempt. delay: microseconds before it."""
        self._attempt += 1
        self._any_byte = self.is_sent = False
        self.origin = None
        self.tell(Kind.RESENT, attempt=self._attempt, cause=cause)
        self._tell_changes(self.bank.next_attempt(self.now))
        self._pending = list(self._kept or ())
        self._resend_at = self.now + delay

    def resend_after_close(self, *, partial: bool) -> bool:
        """The origin went away inside or before its header: start the next attempt, if there is one."""
        if self.is_stale and self.resend(ResendCause.STALE):
            return True
        return self.resend(ResendCause.PARTIAL if partial else ResendCause.CLOSED)

    @property
    def is_stale(self) -> bool:
        """Whether this attempt has a pooled connection that has not brought a byte."""
        return self._reused and not self._any_byte

    def resend_if_due(self) -> CommandGenerator[None]:
        """The pause between two attempts is over."""
        if self._resend_at is not None and self._resend_at <= self.now:
            self._resend_at = None
            yield from self._connect(fresh=True)
