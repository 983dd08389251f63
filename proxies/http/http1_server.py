"""HTTP/1 towards the client: requests in, answers, interims and broken endings out.

Extends mitmproxy's class where an edge differs: limits and 431, 400 without a page of mitmproxy's,
trailers, 1xx, breaking off, keep-alive after an answer of the edge's own.
"""

import re
from typing import assert_never

import h11
from h11._receivebuffer import ReceiveBuffer
from mitmproxy import http
from mitmproxy.net.http import http1
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import CommandGenerator
from mitmproxy.proxy.layers.http import _events as messages
from mitmproxy.proxy.layers.http._base import HttpEvent, ReceiveHttp
from mitmproxy.proxy.layers.http._http1 import Http1Server, make_body_reader

from firstbyte.harness.model.profile import Ending
from firstbyte.proxies.http import signals
from firstbyte.proxies.http.fields import named, read_request_head
from firstbyte.proxies.http.head_rules import (
    is_upgrade,
    plain_length,
    refuse_request,
    wants_close,
)
from firstbyte.proxies.http.http1_writer import ResponseWriter, head_bytes
from firstbyte.proxies.rules.answer import refusal_text, standard_reason
from firstbyte.proxies.rules.message import has_no_body

_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


class EdgeHttp1Server(Http1Server):
    """One client connection. `stream_id` grows by 2 with each request."""

    def __init__(self, context: Context, max_header_bytes: int) -> None:
        # Not mitmproxy's: an event is never kept waiting here.
        self.context = context
        self.conn = context.client
        self.buf = ReceiveBuffer()
        self.stream_id = 1
        self._max_header_bytes = max_header_bytes
        self._closes = False
        self._broken = False
        self._writer: ResponseWriter | None = None

    # ---- reading

    def _handle_event(self, event: events.Event) -> CommandGenerator[None]:
        if isinstance(event, HttpEvent):
            return self.send(event)
        if isinstance(event, events.DataReceived) and self.state != self.passthrough:
            self.buf += event.data
        return self.state(event)

    #: None of its commands makes it wait.
    handle_event = _handle_event

    def read_headers(self, event: events.Event) -> CommandGenerator[None]:
        """A request's head; everything wrong with it ends the connection with 4xx."""
        if isinstance(event, events.ConnectionClosed):
            yield commands.CloseConnection(self.conn)
            return
        lines = self.buf.maybe_extract_lines()
        if lines == []:
            # RFC 9112 2.2: an empty line before the request line is ignored.
            if self.buf:
                yield from self.read_headers(event)
            return
        if lines is None:
            yield from self._check_unfinished_head()
            return
        if sum(map(len, lines)) > self._max_header_bytes:
            yield from self._refuse(431, "the head is too long")
            return
        yield from self._take_head([bytes(line) for line in lines])

    def _check_unfinished_head(self) -> CommandGenerator[None]:
        if len(self.buf) > self._max_header_bytes:
            yield from self._refuse(431, "the head is too long")
        elif self.buf.is_next_line_obviously_invalid_request_line() and bytes(self.buf)[:1] not in b"\r\n":
            yield from self._refuse(400, "this is not HTTP")

    def _take_head(self, lines: list[bytes]) -> CommandGenerator[None]:
        if any(line[:1] in b" \t" for line in lines[1:]):
            # RFC 9112 5.2: a server must refuse obs-fold, or join it; refusing can't be misread.
            yield from self._refuse(400, "a folded header line")
            return
        if _CONTROL.search(b"".join(lines)):
            # Parsers differ on which of these end a line, or may be stripped off a value.
            yield from self._refuse(400, "a control character in the head")
            return
        try:
            request = read_request_head(lines)
            plain_length(request)
            size = http1.expected_http_body_size(request)
        except ValueError as error:
            yield from self._refuse(400, str(error))
            return
        refusal = refuse_request(request)
        if refusal is not None:
            yield from self._refuse(*refusal)
            return
        self.request = request
        self._closes = wants_close(request)
        self.body_reader = make_body_reader(size)
        self.state = self.read_body
        yield ReceiveHttp(messages.RequestHeaders(self.stream_id, request, size == 0))
        yield from self.state(events.DataReceived(self.conn, b""))

    def _refuse(self, status: int, reason: str) -> CommandGenerator[None]:
        text = refusal_text(status, reason)
        head = (
            f"HTTP/1.1 {status} {standard_reason(status)}\r\nContent-Type: text/plain\r\n"
            f"Content-Length: {len(text)}\r\nConnection: close\r\n\r\n"
        )
        yield commands.Log(f"client refused: {status} {reason}")
        yield commands.SendData(self.conn, head.encode() + text)
        yield signals.LingerClose(self.conn)
        self.state = self.ignore

    def read_body(self, event: events.Event) -> CommandGenerator[None]:
        """A request's body and trailers. A client that goes away in it is reported like any other."""
        if isinstance(event, events.ConnectionClosed):
            yield from self._client_left()
            return
        while True:
            try:
                part = self.body_reader(self.buf)
            except h11.ProtocolError as error:
                yield from self._bad_body(str(error))
                return
            if part is None:
                if len(self.buf) > self._max_header_bytes:
                    yield from self._bad_body("a chunk header or trailer is too long")
                return
            if isinstance(part, h11.Data):
                yield ReceiveHttp(messages.RequestData(self.stream_id, bytes(part.data)))
                if self._broken:
                    return
                continue
            if part.headers:
                yield ReceiveHttp(messages.RequestTrailers(self.stream_id, http.Headers(list(part.headers))))
            yield ReceiveHttp(messages.RequestEndOfMessage(self.stream_id))
            yield from self.mark_done(request=True)
            return

    def _bad_body(self, reason: str) -> CommandGenerator[None]:
        stream_id = self.stream_id
        if self.response is None:
            yield from self._refuse(400, reason)
        else:
            yield signals.LingerClose(self.conn)
            self.state = self.ignore
        yield ReceiveHttp(
            messages.RequestProtocolError(stream_id, reason, messages.ErrorCode.REQUEST_VALIDATION_FAILED)
        )

    def wait(self, event: events.Event) -> CommandGenerator[None]:
        """The answer is awaited.

        A pipelined request stays in the buffer, a flood of them ends the connection.
        """
        if isinstance(event, events.ConnectionClosed) or len(self.buf) > self._max_header_bytes * 4:
            yield from self._client_left()

    def _client_left(self) -> CommandGenerator[None]:
        self.state = self.ignore
        yield ReceiveHttp(
            messages.RequestProtocolError(
                self.stream_id, "client left", messages.ErrorCode.CLIENT_DISCONNECTED
            )
        )
        yield commands.CloseConnection(self.conn)

    def ignore(self, event: events.Event) -> CommandGenerator[None]:
        """Nothing the client sends matters any more. It is read, so that the end of the client is seen."""
        if isinstance(event, events.ConnectionClosed):
            yield commands.CloseConnection(self.conn)
        else:
            self.buf.maybe_extract_at_most(len(self.buf))

    # ---- writing

    def send(self, event: HttpEvent) -> CommandGenerator[None]:
        """Write what the stream has decided. Late events of an earlier request are dropped."""
        if event.stream_id != self.stream_id or self._broken:
            return
        match event:
            case messages.ResponseData():
                assert self._writer is not None
                yield from self._write(self._writer.data(event.data))
            case signals.InterimHeaders():
                yield from self._write(head_bytes(event.response))
            case messages.ResponseHeaders():
                assert self.request is not None
                self.response = event.response
                self._writer = ResponseWriter(self.request.method, event.response)
                yield from self._write(self._writer.head())
            case messages.ResponseTrailers():
                assert self._writer is not None
                yield from self._write(self._writer.trailers(event.trailers))
            case messages.ResponseEndOfMessage():
                assert self._writer is not None
                yield from self._write(self._writer.end())
                yield from self.mark_done(response=True)
            case signals.BreakOff():
                yield from self._break_off(event.http1)
            case signals.FinishAndClose():
                assert self._writer is not None
                yield from self._write(self._writer.end())
                self._broken = True
                self.state = self.ignore
                yield signals.LingerClose(self.conn)
            case _:
                yield from super().send(event)

    def _write(self, data: bytes) -> tuple[commands.SendData, ...]:
        return (commands.SendData(self.conn, data),) if data else ()

    def _break_off(self, ending: Ending) -> CommandGenerator[None]:
        writer = self._writer
        if ending is Ending.CLEAN and writer is not None and writer.is_chunked:
            yield from self._write(writer.end())
            yield from self.mark_done(response=True)
            return
        self._broken = True
        match ending:
            case Ending.CLEAN | Ending.TRUNCATE:
                yield signals.LingerClose(self.conn)
            case Ending.BAD_CHUNK:
                yield from self._write(b"" if writer is None else writer.bad_chunk())
                yield signals.LingerClose(self.conn)
            case Ending.RESET:
                yield signals.ResetConnection(self.conn)
            case Ending.HANG:
                pass
            case other:
                assert_never(other)
        self.state = self.ignore

    def mark_done(self, *, request: bool = False, response: bool = False) -> CommandGenerator[None]:
        """After request and answer: a pipe for 101, else close or read the next request."""
        self.request_done = self.request_done or request
        self.response_done = self.response_done or response
        if not self.response_done:
            if self.request_done:
                self.state = self.wait
                if self.buf and self.request is not None and not is_upgrade(self.request):
                    yield from self.wait(events.DataReceived(self.conn, b""))
            return
        assert self.response is not None
        if not self.request_done:
            self._broken = True
            self.state = self.ignore
            yield signals.LingerClose(self.conn)
        elif self.response.status_code == 101:
            yield from self.make_pipe()
        elif self._closes or wants_close(self.response) or self._is_close_delimited():
            self.state = self.ignore
            yield signals.LingerClose(self.conn)
        else:
            yield from self._next_request()

    def _is_close_delimited(self) -> bool:
        assert self.request is not None
        assert self.response is not None
        headers = self.response.headers
        if self.response.status_code < 200:
            return True  # an interim taken for the answer: whatever follows is its body
        if has_no_body(self.request.method, self.response.status_code):
            return False
        return not named(headers, b"content-length") and not named(headers, b"transfer-encoding")

    def _next_request(self) -> CommandGenerator[None]:
        self.request_done = self.response_done = False
        self.request = self.response = self._writer = None
        self.stream_id += 2
        self.state = self.read_headers
        if self.buf:
            yield from self.state(events.DataReceived(self.conn, b""))
