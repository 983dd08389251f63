"""The client's request on its way to the origin, and what is kept of it to be sent again."""

from dataclasses import dataclass, field

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

from firstbyte.harness.model.profile import InterimAction, Point
from firstbyte.proxies.edge.deadlines import Deadlines
from firstbyte.proxies.edge.journal import Journal
from firstbyte.proxies.edge.shared import SharedEdge
from firstbyte.proxies.http.connections import OriginConnection
from firstbyte.proxies.http.head_rules import clean_request
from firstbyte.proxies.http.signals import HoldReading
from firstbyte.proxies.rules.resend import may_need_body

#: Bytes of a body that wait for the connection to the origin before the edge stops reading from the client.
MAX_PENDING = 1024 * 1024


@dataclass(slots=True, eq=False)
class Upload:
    """The request of one exchange. is_whole: all of it is here. buffers: it goes on only when it is whole."""

    _request: http.Request
    _stream_id: int
    _client: Client
    _edge: SharedEdge
    _journal: Journal
    _deadlines: Deadlines
    buffers: bool = field(init=False)
    is_whole: bool = False
    _pending: list[HttpEvent] = field(default_factory=list)
    _pending_size: int = 0
    _holds_client: bool = False
    _kept: list[HttpEvent] | None = None
    _kept_size: int = 0

    def __post_init__(self) -> None:
        self.buffers = self._edge.profile.buffer_request

    def __repr__(self) -> str:
        state = "whole" if self.is_whole else "under way"
        return (
            f"<Upload {state}, {self._journal.record.request_size} bytes, {len(self._pending)} events wait>"
        )

    # ---- the head

    def prepare(self, *, has_body: bool) -> bool:
        """Make the head fit for the origin. Returns whether the edge has to say 100 Continue itself."""
        headers = self._request.headers
        if has_body and self._client.alpn == b"h2" and "content-length" not in headers:
            headers["Transfer-Encoding"] = "chunked"
        clean_request(self._request, self._edge.config.upstream)
        if may_need_body(self._edge.profile, self._journal.record.method):
            self._kept = []
        if headers.get("expect", "").lower() != "100-continue":
            return False
        if not self.buffers and self._edge.interim_action(100) is InterimAction.FORWARD:
            return False
        # The origin's 100 won't reach the client.
        del headers["expect"]
        return has_body

    # ---- what comes in

    def take(self, event: RequestData | RequestTrailers) -> None:
        """A part of the body has come in."""
        size = 0
        if isinstance(event, RequestData):
            size = len(event.data)
            self._deadlines.reach(Point.REQUEST_READ)
            self._journal.record.add_request_bytes(event.data)
        self._keep(event, size)

    def end(self, event: RequestEndOfMessage) -> None:
        """All of the request has come in."""
        self.is_whole = True
        self._deadlines.reach(Point.REQUEST_RECEIVED)
        self._keep(event, 0)

    @property
    def is_too_large(self) -> bool:
        """Whether more waits than a buffering edge takes."""
        return self.buffers and self._pending_size > self._edge.config.max_buffered_bytes

    # ---- for addons

    def body_so_far(self) -> bytes:
        """What waits of the body."""
        return b"".join(event.data for event in self._pending if isinstance(event, RequestData))

    def replace_body(self, body: bytes) -> None:
        """An addon has had the buffered body in its hands: this is what goes on."""
        self._pending = [RequestData(self._stream_id, body)] if body else []
        self._kept = list(self._pending) if self._kept is not None else None

    # ---- what goes on

    def pass_on(self, event: HttpEvent, origin: OriginConnection | None) -> tuple[Command, ...]:
        """Send a part of the request on, or let it wait for the connection."""
        if origin is not None:
            return (SendHttp(event, origin),)
        self._pending.append(event)
        self._pending_size += len(event.data) if isinstance(event, RequestData) else 0
        if self._pending_size > MAX_PENDING and not self._holds_client and not self.buffers:
            self._holds_client = True
            return (HoldReading(self._client, hold=True),)
        return ()

    def send_to(self, origin: OriginConnection) -> CommandGenerator[None]:
        """There is a connection: send the head, and of the rest what has come in so far."""
        yield SendHttp(RequestHeaders(self._stream_id, self._request, end_stream=False), origin)
        pending, self._pending, self._pending_size = self._pending, [], 0
        for event in pending:
            yield SendHttp(event, origin)
        yield from self.release_client()

    def release_client(self) -> tuple[Command, ...]:
        """Read from the client again, if a body that waited had stopped that."""
        if not self._holds_client:
            return ()
        self._holds_client = False
        return (HoldReading(self._client, hold=False),)

    # ---- sending again

    def keep(self) -> None:
        """Keep the request from its first byte on, whatever the profile says."""
        if self._kept is None:
            self._kept = []

    def _keep(self, event: HttpEvent, size: int) -> None:
        if self._kept is None:
            return
        self._kept_size += size
        if self._kept_size > self._edge.config.max_replay_bytes:
            self._kept = None
        else:
            self._kept.append(event)

    @property
    def is_kept(self) -> bool:
        """Whether all that has come in so far could be sent again."""
        return self._kept is not None

    def start_again(self) -> None:
        """For the next attempt, everything kept waits to be sent."""
        self._pending = list(self._kept or ())
