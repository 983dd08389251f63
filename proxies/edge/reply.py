"""One answer on its way to the client: when its header goes, how its body is framed, how it breaks off.

Each method returns mitmproxy commands, in order. Nothing here decides when; that is for the exchange.
"""

from dataclasses import dataclass, field
from enum import Enum, auto

from mitmproxy import http
from mitmproxy.connection import Client
from mitmproxy.proxy.commands import Command
from mitmproxy.proxy.layer import CommandGenerator
from mitmproxy.proxy.layers.http import SendHttp
from mitmproxy.proxy.layers.http._events import (
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseTrailers,
)

from firstbyte.harness.model.profile import Ending, Framing, HoldHeader, Point, Profile
from firstbyte.harness.model.timeline import Kind
from firstbyte.proxies.edge.deadlines import Deadlines
from firstbyte.proxies.edge.journal import Journal
from firstbyte.proxies.http.fields import response_head
from firstbyte.proxies.http.head_rules import HTTP09, clean_response, framing_of
from firstbyte.proxies.http.mutation import mutate
from firstbyte.proxies.http.signals import BreakOff, FinishAndClose, InterimHeaders
from firstbyte.proxies.rules.answer import Rendered
from firstbyte.proxies.rules.cut import KEPT_BACK, Break, holds_bytes
from firstbyte.proxies.rules.message import has_no_body

UPGRADE = 101


class ClientVersion(Enum):
    """What the client speaks, as far as an answer's framing depends on it."""

    HTTP10 = auto()
    HTTP11 = auto()
    HTTP2 = auto()


def client_version(version: bytes, *, is_http2: bool) -> ClientVersion:
    """What a client speaks whose request line says `version`."""
    if is_http2:
        return ClientVersion.HTTP2
    return ClientVersion.HTTP10 if version == b"HTTP/1.0" else ClientVersion.HTTP11


@dataclass(slots=True, eq=False)
class EdgeReply:
    """The answer of one exchange. response: its header, once it is complete.

    client_left: nobody is there to get it.
    """

    _stream_id: int
    _client: Client
    _profile: Profile
    _version: ClientVersion
    _journal: Journal
    _deadlines: Deadlines
    response: http.Response | None = None
    framing: Framing = Framing.LENGTH
    header_forwarded: bool = False
    client_left: bool = False
    _trailers: http.Headers | None = None
    _kept: bytearray = field(default_factory=bytearray)
    _keeps_back: bool = False

    def __repr__(self) -> str:
        state = "forwarded" if self.header_forwarded else "held" if self.response else "waiting"
        return f"<EdgeReply header {state}, {len(self._kept)} bytes kept back>"

    @property
    def is_http2(self) -> bool:
        """Whether the client speaks HTTP/2."""
        return self._version is ClientVersion.HTTP2

    @property
    def _method(self) -> str:
        return self._journal.record.method

    def _send(
        self,
        event: ResponseHeaders
        | ResponseData
        | ResponseTrailers
        | ResponseEndOfMessage
        | BreakOff
        | FinishAndClose,
    ) -> list[Command]:
        return [] if self.client_left else [SendHttp(event, self._client)]

    def _note_write(self, commands: list[Command]) -> list[Command]:
        if commands:
            self._deadlines.reach(Point.CLIENT_WRITE)
        return commands

    # ---- interim responses

    def interim(self, response: http.Response) -> list[Command]:
        """Forward a 1xx. RFC 9110 15.2: never to an HTTP/1.0 client."""
        if self._version is ClientVersion.HTTP10 or self.header_forwarded:
            return []
        clean_response(response)
        response.data.http_version = b"HTTP/1.1"
        return self._send(InterimHeaders(self._stream_id, response))

    # ---- the origin's answer

    def begin(self, response: http.Response) -> list[Command]:
        """The origin's header goes to the client, with the profile's changes and when the profile lets it."""
        for what in mutate(response, self._profile.mutation):
            self._journal.report(Kind.MUTATED, what=what)
        record = self._journal.record
        record.status, record.reason = response.status_code, response.reason
        self.framing = framing_of(response)
        self._keeps_back = holds_bytes(self._profile.cut, self.framing)
        clean_response(response)
        if response.data.http_version != HTTP09 or self.is_http2:
            response.data.http_version = b"HTTP/1.1"
            self._frame(response)
        self.response = response
        record.response_headers = response.headers.fields
        goes_on = response.status_code == UPGRADE or self._profile.hold_header is HoldHeader.NO
        return self._note_write(self.flush_header()) if goes_on else []

    def _frame(self, response: http.Response) -> None:
        if self.is_http2 and "content-length" in response.headers:
            response.headers["Content-Length"] = response.headers.get_all("content-length")[0]
        if has_no_body(self._method, response.status_code):
            return
        headers = response.headers
        if self._version is not ClientVersion.HTTP11:
            headers.pop("transfer-encoding", None)
        elif self.framing is Framing.CLOSE and self._profile.mutation.close_delimited_to_chunked:
            headers.pop("transfer-encoding", None)
            headers["Transfer-Encoding"] = "chunked"

    def flush_header(self) -> list[Command]:
        """Send the header if it waits."""
        if self.response is None or self.header_forwarded:
            return []
        self.header_forwarded = True
        return self._send(ResponseHeaders(self._stream_id, self.response))

    def data(self, data: bytes) -> list[Command]:
        """Bytes of the body."""
        if self._profile.hold_header is HoldHeader.UNTIL_END:
            self._kept += data
            return []
        commands = self.flush_header()
        if not self._keeps_back:
            commands += self._send(ResponseData(self._stream_id, data))
        else:
            self._kept += data
            if len(self._kept) > KEPT_BACK:
                commands += self._flush_kept()
        return self._note_write(commands)

    def _flush_kept(self) -> list[Command]:
        if not self._kept:
            return []
        data = bytes(self._kept)
        self._kept.clear()
        return self._send(ResponseData(self._stream_id, data))

    def trailers(self, trailers: http.Headers) -> None:
        """The origin's trailers; they go out at the end."""
        self._trailers = trailers

    def end(self) -> list[Command]:
        """The answer is complete."""
        return self._note_write(self._end())

    def _end(self) -> list[Command]:
        if not self.header_forwarded and self._profile.hold_header is HoldHeader.UNTIL_END:
            self._measure()
        rest = self.flush_header() + self._flush_kept()
        if self._trailers is not None and self._version is not ClientVersion.HTTP10:
            rest += self._send(ResponseTrailers(self._stream_id, self._trailers))
        return rest + self._send(ResponseEndOfMessage(self._stream_id))

    def _measure(self) -> None:
        if self.response is not None and not has_no_body(self._method, self.response.status_code):
            self.response.headers.pop("transfer-encoding", None)
            self.response.headers["Content-Length"] = str(len(self._kept))

    def break_off(self, how: Break) -> list[Command]:
        """The answer can't be completed."""
        if (
            how.http1 is Ending.CLEAN
            and not self.header_forwarded
            and self._profile.hold_header is HoldHeader.UNTIL_END
        ):
            return self._end()
        if how.loses_buffered:
            self._kept.clear()
        rest = self.flush_header() + self._flush_kept()
        return rest + self._send(BreakOff(self._stream_id, how.http1, how.http2))

    # ---- the edge's own answer

    def answer(
        self, rendered: Rendered, *, keep_alive: bool, is_upload_whole: bool
    ) -> CommandGenerator[None]:
        """A whole answer of the edge's own. keep_alive: the client's connection may be used again."""
        fields = [
            (name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
            for name, value in rendered.headers
        ]
        fields.append((b"Content-Length", str(len(rendered.body)).encode()))
        if not (keep_alive and is_upload_whole) and not self.is_http2:
            fields.append((b"Connection", b"close"))
        response = response_head(rendered.status, rendered.reason.encode("latin-1", "replace"), fields)
        self.response = response
        self.header_forwarded = True
        yield from self._send(ResponseHeaders(self._stream_id, response))
        if rendered.body and not has_no_body(self._method, rendered.status):
            yield from self._send(ResponseData(self._stream_id, rendered.body))
        yield from self._send((ResponseEndOfMessage if is_upload_whole else FinishAndClose)(self._stream_id))
        self._journal.record.response_headers = response.headers.fields

    def close_silently(self, h2_error: str) -> list[Command]:
        """No answer at all."""
        return self._send(BreakOff(self._stream_id, Ending.TRUNCATE, h2_error or "INTERNAL_ERROR"))
