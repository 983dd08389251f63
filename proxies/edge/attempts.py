"""The attempts of one exchange to get an answer from the origin, one connection each.

To let a profile send a request again for a new cause, add it to `ResendCause` and name it in the `Failure`
that the place returns where it is noticed.
"""

from dataclasses import dataclass

from mitmproxy.proxy.layer import CommandGenerator

from firstbyte.harness.model.profile import Cause, CloseKind, Point, Profile, Resend, ResendCause
from firstbyte.harness.model.timeline import Kind
from firstbyte.proxies.edge.deadlines import Deadlines
from firstbyte.proxies.edge.journal import Journal
from firstbyte.proxies.edge.reply import EdgeReply
from firstbyte.proxies.edge.upload import Upload
from firstbyte.proxies.http import signals
from firstbyte.proxies.http.connections import OriginConnection
from firstbyte.proxies.rules.resend import rule_for


@dataclass(slots=True, eq=False)
class Attempts:
    """The current attempt. connection: None before it is there and after it was left.

    is_sent: the origin has taken the whole request. resend_at: when the next attempt begins, in a pause.
    """

    _stream_id: int
    _profile: Profile
    _upload: Upload
    _reply: EdgeReply
    _journal: Journal
    _deadlines: Deadlines
    number: int = 1
    connection: OriginConnection | None = None
    is_sent: bool = False
    resend_at: int | None = None
    _is_connecting: bool = False
    _reused: bool = False
    _any_byte: bool = False

    def __repr__(self) -> str:
        where = "connected" if self.connection else "connecting" if self._is_connecting else "not connected"
        return f"<Attempts number {self.number}, {where}{', sent' if self.is_sent else ''}>"

    # ---- the connection

    def connect(self) -> CommandGenerator[None]:
        """Ask for a connection, for a second attempt a new one."""
        self.resend_at = None
        self._is_connecting = True
        self._journal.record.attempts = self.number
        self._journal.report(Kind.CONNECT_STARTED, attempt=self.number)
        self._deadlines.reach(Point.CONNECT_STARTED)
        yield signals.AskOrigin(self._stream_id, fresh=self.number > 1)

    def connected(self, event: signals.OriginReady) -> CommandGenerator[None]:
        """There is a connection: send what has come in so far."""
        self._is_connecting = False
        self._reused = event.reused
        self.connection = event.connection
        self._journal.report(Kind.CONNECTED, reused=event.reused)
        self._deadlines.reach(Point.CONNECTED)
        yield from self._upload.send_to(event.connection)
        self.note_if_sent()

    def failed(self, event: signals.OriginUnreachable) -> None:
        """There is no connection."""
        self._is_connecting = False
        self._journal.report(Kind.CONNECT_FAILED, reason=event.reason)

    def note_if_sent(self) -> None:
        """Once, when the origin has taken the whole request: write it down."""
        origin = self.connection
        if origin is None or origin.is_full or self.is_sent or not self._upload.is_whole:
            return
        self.is_sent = True
        journal = self._journal
        if journal.record.sent is None:
            journal.record.sent = journal.now
        journal.report(Kind.REQUEST_FORWARDED, attempt=self.number)
        self._deadlines.reach(Point.REQUEST_SENT)

    def read(self, event: signals.OriginRead) -> None:
        """Bytes have come from the origin."""
        self._deadlines.reach(Point.ORIGIN_READ)
        if not self._any_byte:
            self._any_byte = True
            self._journal.record.first_byte = self._journal.now
            self._deadlines.reach(Point.FIRST_BYTE_READ)
        if event.header_bytes:
            self._journal.report(Kind.ORIGIN_READ, bytes=event.header_bytes)

    def leave(self, how: CloseKind) -> CommandGenerator[None]:
        """Give up the connection of this attempt, the try to get one, or the pause before it."""
        self.resend_at = None
        if self._is_connecting:
            self._is_connecting = False
            self._journal.report(Kind.CONNECT_FAILED, reason="given-up")
            yield signals.LeaveOrigin(self._stream_id, None, CloseKind.FIN)
        elif self.connection is not None:
            connection, self.connection = self.connection, None
            self._deadlines.wait_for_client_again()
            if how is not CloseKind.NOTHING:
                self._journal.report(Kind.ORIGIN_CLOSED, how=str(how), by="edge")
            yield signals.LeaveOrigin(self._stream_id, connection, how)

    def lose(self, cause: Cause) -> None:
        """The origin has closed its connection."""
        self.connection = None
        self._journal.report(Kind.ORIGIN_CLOSED, how="rst" if cause is Cause.RESET else "fin", by="origin")

    # ---- sending again

    def rule(self, cause: ResendCause, status: int = 0) -> Resend | None:
        """The profile's rule by which the request is sent again for this cause now; None when it is not."""
        if self._reply.response is not None:
            return None  # the client may have a part of this answer
        rule = rule_for(self._profile, self._journal.record.method, cause, status)
        if rule is None or self.number >= rule.attempts:
            return None
        if self._reply.client_left and not rule.after_client_left:
            return None
        has_body = self._journal.record.request_size > 0
        return None if has_body and not (rule.body and self._upload.is_kept) else rule

    @property
    def is_stale(self) -> bool:
        """Whether this attempt has a pooled connection that has not brought a byte."""
        return self._reused and not self._any_byte

    def begin_next(self, cause: str, delay: int) -> None:
        """The next attempt begins in `delay` microseconds."""
        self.number += 1
        self._any_byte = self.is_sent = False
        self.connection = None
        self._journal.report(Kind.RESENT, attempt=self.number, cause=cause)
        self._deadlines.give_up_attempt()
        self._upload.start_again()
        self.resend_at = self._journal.now + delay
