"""HTTP/1 towards the origin: one exchange on one connection, each read and each 1xx reported as it comes.

Extends mitmproxy's class: tells 1xx from the answer, says how an answer broke, reads trailers, and hands
the connection back when it can carry another request. Every byte the origin sends is reported.
"""

import h11
from h11._readers import ChunkedReader, Http10Reader
from h11._receivebuffer import ReceiveBuffer
from mitmproxy import http
from mitmproxy.net.http import http1
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import CommandGenerator
from mitmproxy.proxy.layers.http import _events as messages
from mitmproxy.proxy.layers.http._base import HttpEvent, ReceiveHttp
from mitmproxy.proxy.layers.http._http1 import Http1Client, make_body_reader

from firstbyte.harness.model.profile import Cause, CloseKind, NotHttp, On204, Profile
from firstbyte.proxies.http import signals
from firstbyte.proxies.http.connections import OriginConnection
from firstbyte.proxies.http.fields import is_chunked, read_response_head
from firstbyte.proxies.http.head_rules import (
    HTTP09,
    choose_length,
    is_framed,
    one_length,
    refuse_response,
    refuse_status_line,
    wants_close,
)
from firstbyte.proxies.rules.message import is_between_chunks, may_be_http


class EdgeHttp1Client(Http1Client):
    """One origin connection for one exchange. `abandoned`: its stream no longer listens."""

    stream_id: int

    def __init__(
        self, context: Context, connection: OriginConnection, stream_id: int, profile: Profile
    ) -> None:
        # Not mitmproxy's: it makes a context, a deque and a cycle of references for each exchange.
        self.context = context
        self.conn = connection
        self.buf = ReceiveBuffer()
        self.state = self.read_headers
        self.stream_id = stream_id
        self.abandoned = False
        self.reusable = True
        self.takes_as_final: frozenset[int] = frozenset()
        self._max_header_bytes = profile.max_answer_head
        self._framed_204 = profile.mutation.framed_204
        self._not_http = profile.not_http
        self._two_lengths = profile.two_lengths
        self._on_unusable = profile.origin.on_unusable
        self._is_framed_204 = False
        self._chunked_request = False
        self._trailers_sent = False

    def __repr__(self) -> str:
        state = getattr(self.state, "__name__", "?")
        return f"<EdgeHttp1Client {state}{', abandoned' if self.abandoned else ''}>"

    # ---- reading

    def _handle_event(self, event: events.Event) -> CommandGenerator[None]:
        if isinstance(event, events.DataReceived):
            return self._data(event)
        if isinstance(event, HttpEvent):
            return self.send(event)
        if isinstance(event, events.ConnectionClosed):
            return self._closed(event)
        if isinstance(event, signals.RoomChanged):
            return self._room_changed(event)
        return self.state(event)

    #: None of its commands makes it wait.
    handle_event = _handle_event

    def _room_changed(self, event: signals.RoomChanged) -> CommandGenerator[None]:
        yield ReceiveHttp(signals.OriginRoom(self.stream_id, event.room))

    def _data(self, event: events.DataReceived) -> CommandGenerator[None]:
        if self.state == self.passthrough:
            yield from self.state(event)
            return
        header = _head_part(bytes(self.buf), event.data) if self.state == self.read_headers else 0
        # Told before it is parsed: at a tie the timer wins, and whatever these bytes mean comes too late.
        yield ReceiveHttp(signals.OriginRead(self.stream_id, len(event.data), header))
        self.buf += event.data
        yield from self.state(event)

    def read_headers(self, event: events.Event) -> CommandGenerator[None]:
        """The head of an interim or of the answer."""
        while self.state == self.read_headers:
            if not may_be_http(bytes(self.buf)):
                yield from self._take_what_is_not_http()
                return
            lines = self.buf.maybe_extract_lines()
            if lines is None:
                if len(self.buf) > self._max_header_bytes:
                    yield from self._broke(Cause.GARBAGE, "a head that is too long")
                return
            yield from self._take_head([bytes(line) for line in lines])

    def _take_what_is_not_http(self) -> CommandGenerator[None]:
        if self._not_http is NotHttp.REFUSE:
            yield from self._broke(Cause.GARBAGE, f"not an HTTP answer: {bytes(self.buf)[:40]!r}")
            return
        response = http.Response.make(200)
        response.headers.clear()
        if self._not_http is NotHttp.RAW:
            response.data.http_version = HTTP09
        yield from self._take_answer(response)

    def _take_head(self, lines: list[bytes]) -> CommandGenerator[None]:
        try:
            response = read_response_head(lines or [b""])
        except (ValueError, IndexError) as error:
            yield from self._broke(Cause.GARBAGE, str(error))
            return
        others = choose_length(response, self._two_lengths)
        refusal = refuse_status_line(lines[0]) or refuse_response(response)
        if not refusal and sum(map(len, lines)) > self._max_header_bytes:
            refusal = "a head that is too long"
        if refusal:
            yield from self._broke(Cause.GARBAGE, refusal)
            return
        one_length(response)
        status = response.status_code
        if status < 200 and status != 101 and status not in self.takes_as_final:
            yield ReceiveHttp(signals.InterimReceived(self.stream_id, response))
            return
        yield from self._take_answer(response, others)

    def _take_answer(
        self, response: http.Response, more_lengths: tuple[str, ...] = ()
    ) -> CommandGenerator[None]:
        assert self.request is not None
        self.response = response
        if response.status_code in self.takes_as_final or response.data.http_version == HTTP09:
            size: int | None = -1
        else:
            size = self._body_size(response)
        self.reusable = self.reusable and not wants_close(response) and size != -1
        self.body_reader = make_body_reader(size)
        self.state = self.read_body
        for length in more_lengths:
            response.headers.add("Content-Length", length)
        yield ReceiveHttp(messages.ResponseHeaders(self.stream_id, response, size == 0))
        yield from self.read_body(events.DataReceived(self.conn, b""))

    def _body_size(self, response: http.Response) -> int | None:
        assert self.request is not None
        if response.status_code == 204 and is_framed(response):
            # What comes after such a head may be a body or the next answer: never use the connection again.
            self.reusable = False
            self._is_framed_204 = True
            if self._framed_204 is On204.PASS:
                length = response.headers.get("content-length")
                return int(length) if length else None
        return http1.expected_http_body_size(self.request, response)

    def read_body(self, event: events.Event) -> CommandGenerator[None]:
        """The body, as it comes, and its trailers."""
        while True:
            try:
                part = self.body_reader(self.buf)
            except h11.ProtocolError as error:
                yield from self._broke(Cause.GARBAGE, str(error))
                return
            if part is None:
                return
            if isinstance(part, h11.Data):
                yield ReceiveHttp(messages.ResponseData(self.stream_id, bytes(part.data)))
                continue
            if part.headers:
                yield ReceiveHttp(messages.ResponseTrailers(self.stream_id, http.Headers(list(part.headers))))
            yield from self._answer_ended()
            return

    def _answer_ended(self) -> CommandGenerator[None]:
        yield ReceiveHttp(messages.ResponseEndOfMessage(self.stream_id))
        yield from self.mark_done(response=True)

    def _closed(self, event: events.ConnectionClosed) -> CommandGenerator[None]:
        how = event.how if isinstance(event, signals.PeerClosed) else CloseKind.FIN
        cause = Cause.RESET if how is CloseKind.RST else Cause.FIN
        yield commands.CloseConnection(self.conn)
        if self.state == self.passthrough:
            yield ReceiveHttp(messages.ResponseEndOfMessage(self.stream_id))
        elif self.state == self.read_headers:
            yield from self._broke(cause, "closed before the answer was there", partial=len(self.buf) > 0)
        elif self.state == self.read_body:
            yield from self._body_closed(cause)
        self.state = self.ignore

    def _body_closed(self, cause: Cause) -> CommandGenerator[None]:
        assert self.response is not None
        reader = self.body_reader
        is_fin = cause is Cause.FIN
        if is_fin and isinstance(reader, ChunkedReader) and is_between_chunks(reader, len(self.buf)):
            yield from self._broke(Cause.FIN_AT_BOUNDARY, "closed between two chunks")
        elif is_fin and isinstance(reader, Http10Reader):
            self.reusable = False
            yield from self._answer_ended()
        else:
            yield from self._broke(cause, "closed inside the body")

    def _broke(self, cause: Cause, detail: str, *, partial: bool = False) -> CommandGenerator[None]:
        self.state = self.ignore
        yield ReceiveHttp(signals.OriginBroke(self.stream_id, cause, partial, detail))

    def ignore(self, event: events.Event) -> CommandGenerator[None]:
        """Whatever comes has no meaning any more."""
        self.buf.maybe_extract_at_most(len(self.buf))
        yield from ()

    # ---- writing

    def send(self, event: HttpEvent) -> CommandGenerator[None]:
        """Write the stream's request; its end hands the connection over to the answer."""
        match event:
            case messages.RequestHeaders():
                self.request = event.request
                self._chunked_request = is_chunked(event.request.headers)
                head = http1.assemble_request_head(event.request)  # type: ignore[no-untyped-call]  # mitmproxy's
                yield commands.SendData(self.conn, head)
            case messages.RequestData() if self._chunked_request:
                # An empty chunk is the last one: after it, the end of the message would be a second request.
                if event.data:
                    yield commands.SendData(self.conn, b"%x\r\n%s\r\n" % (len(event.data), event.data))
            case messages.RequestData():
                yield commands.SendData(self.conn, event.data)
            case messages.RequestTrailers():
                if self._chunked_request:
                    self._trailers_sent = True
                    yield commands.SendData(self.conn, b"0\r\n" + bytes(event.trailers) + b"\r\n")
            case messages.RequestProtocolError():
                yield commands.CloseConnection(self.conn)
            case messages.RequestEndOfMessage():
                if self._chunked_request and not self._trailers_sent:
                    yield commands.SendData(self.conn, b"0\r\n\r\n")
                yield from self.mark_done(request=True)

    def mark_done(self, *, request: bool = False, response: bool = False) -> CommandGenerator[None]:
        """After request and answer: a pipe for 101, else the pool or the end."""
        self.request_done = self.request_done or request
        self.response_done = self.response_done or response
        if not (self.request_done and self.response_done):
            return
        assert self.response is not None
        if self.response.status_code == 101:
            yield from self.make_pipe()
            return
        self.state = self.ignore
        if self.reusable and not self.buf:
            # Nothing comes here any more: without it, nothing refers to this object in a circle.
            del self.state
            yield signals.ParkConnection(self.conn)
        elif (self.buf or self._is_framed_204) and self._on_unusable is CloseKind.RST:
            yield signals.ResetConnection(self.conn)
        else:
            yield commands.CloseConnection(self.conn)


def _head_part(before: bytes, data: bytes) -> int:
    """How many bytes of `data` belong to heads, interims included, given the unparsed bytes before it."""
    whole = before + data
    start = 0
    while True:
        end = whole.find(b"\r\n\r\n", start)
        if end < 0:
            return (
                len(data)
                if whole[start : start + 5] == b"HTTP/" or start == 0
                else max(0, start - len(before))
            )
        is_interim = whole[start : start + 10].rpartition(b" ")[2] == b"1"
        start = end + 4
        if not is_interim:
            return start - len(before)
