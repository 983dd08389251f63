"""Forwards one answer to the client: when its header goes, how its body is framed, how it breaks off.

Returns mitmproxy commands, in order. It must never look at the clock or at timers: the stream says when.
"""

from enum import Enum, auto

from mitmproxy import http
from mitmproxy.connection import Client
from mitmproxy.proxy.commands import Command
from mitmproxy.proxy.layers.http import SendHttp
from mitmproxy.proxy.layers.http._events import (
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseTrailers,
)

from firstbyte.harness.model.profile import Ending, Framing, HoldHeader, Profile
from firstbyte.proxies.http.fields import response_head
from firstbyte.proxies.http.head_rules import HTTP09, clean_response, framing_of
from firstbyte.proxies.http.signals import BreakOff, FinishAndClose, InterimHeaders
from firstbyte.proxies.rules.answer import Rendered
from firstbyte.proxies.rules.cut import KEPT_BACK, Break, holds_bytes
from firstbyte.proxies.rules.message import has_no_body


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


class EdgeReply:
    """The answer of one exchange. method: the request's."""

    def __init__(
        self, stream_id: int, client: Client, profile: Profile, method: str, version: ClientVersion
    ) -> None:
        self._stream_id = stream_id
        self._client = client
        self._profile = profile
        self._method = method
        self._version = version
        self._response: http.Response | None = None
        self._trailers: http.Headers | None = None
        self._kept = bytearray()
        self._keeps_back = False
        self.framing = Framing.LENGTH
        self.header_forwarded = False
        self.is_silent = False  # the client has left

    def __repr__(self) -> str:
        state = "forwarded" if self.header_forwarded else "held" if self._response else "waiting"
        return f"<EdgeReply header {state}, {len(self._kept)} bytes kept back>"

    @property
    def response(self) -> http.Response | None:
        """The origin's header, once it is complete."""
        return self._response

    def _send(
        self,
        event: ResponseHeaders
        | ResponseData
        | ResponseTrailers
        | ResponseEndOfMessage
        | BreakOff
        | FinishAndClose,
    ) -> list[Command]:
        return [] if self.is_silent else [SendHttp(event, self._client)]

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
        """The origin's header is complete."""
        self.framing = framing_of(response)
        self._keeps_back = holds_bytes(self._profile.cut, self.framing)
        clean_response(response)
        if response.data.http_version != HTTP09 or self._version is ClientVersion.HTTP2:
            response.data.http_version = b"HTTP/1.1"
            self._frame(response)
        self._response = response
        goes_on = response.status_code == 101 or self._profile.hold_header is HoldHeader.NO
        return self.flush_header() if goes_on else []

    def _frame(self, response: http.Response) -> None:
        if self._version is ClientVersion.HTTP2 and "content-length" in response.headers:
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
        if self._response is None or self.header_forwarded:
            return []
        self.header_forwarded = True
        return self._send(ResponseHeaders(self._stream_id, self._response))

    def data(self, data: bytes) -> list[Command]:
        """Bytes of the body."""
        if self._profile.hold_header is HoldHeader.UNTIL_END:
            self._kept += data
            return []
        header = self.flush_header()
        if not self._keeps_back:
            return header + self._send(ResponseData(self._stream_id, data))
        self._kept += data
        return header + (self._flush_kept() if len(self._kept) > KEPT_BACK else [])

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
        if not self.header_forwarded and self._profile.hold_header is HoldHeader.UNTIL_END:
            self._measure()
        rest = self.flush_header() + self._flush_kept()
        if self._trailers is not None and self._version is not ClientVersion.HTTP10:
            rest += self._send(ResponseTrailers(self._stream_id, self._trailers))
        return rest + self._send(ResponseEndOfMessage(self._stream_id))

    def _measure(self) -> None:
        if self._response is not None and not has_no_body(self._method, self._response.status_code):
            self._response.headers.pop("transfer-encoding", None)
            self._response.headers["Content-Length"] = str(len(self._kept))

    def break_off(self, how: Break) -> list[Command]:
        """The answer can't be completed."""
        if (
            how.http1 is Ending.CLEAN
            and not self.header_forwarded
            and self._profile.hold_header is HoldHeader.UNTIL_END
        ):
            return self.end()
        if how.loses_buffered:
            self._kept.clear()
        rest = self.flush_header() + self._flush_kept()
        return rest + self._send(BreakOff(self._stream_id, how.http1, how.http2))

    # ---- the edge's own answer

    def answer(self, rendered: Rendered, *, close: bool) -> list[Command]:
        """An answer of the edge's own, complete. close: the client's connection can't be used again."""
        fields = [
            (name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
            for name, value in rendered.headers
        ]
        fields.append((b"Content-Length", str(len(rendered.body)).encode()))
        if close and self._version is not ClientVersion.HTTP2:
            fields.append((b"Connection", b"close"))
        response = response_head(rendered.status, rendered.reason.encode("latin-1", "replace"), fields)
        self._response = response
        self.header_forwarded = True
        whole = self._send(ResponseHeaders(self._stream_id, response))
        if rendered.body and not has_no_body(self._method, rendered.status):
            whole += self._send(ResponseData(self._stream_id, rendered.body))
        return whole

    def finish_answer(self, *, upload_ended: bool) -> list[Command]:
        """The end of an answer of the edge's own."""
        end = ResponseEndOfMessage if upload_ended else FinishAndClose
        return self._send(end(self._stream_id))

    def close_silently(self, h2_error: str) -> list[Command]:
        """No answer at all."""
        return self._send(BreakOff(self._stream_id, Ending.TRUNCATE, h2_error or "INTERNAL_ERROR"))
