"""Sends one request and follows the answer byte by byte.

It uses plain asyncio streams, so that sim and real mode share the code. It must never retry a request, follow
a redirect, or hide anything.
"""

import asyncio
from collections.abc import Callable, Iterator

import msgspec

from firstbyte.harness.client.http2 import REFUSED, Http2Exchange
from firstbyte.harness.client.pace import due_parts, paced
from firstbyte.harness.client.reading import AnswerReader, Sight, Sighting
from firstbyte.harness.clock import Clock
from firstbyte.harness.model.timeline import Actor, Event, Kind
from firstbyte.harness.model.units import Duration, as_seconds
from firstbyte.harness.model.verdict import ClientExchange, End

READ_SIZE = 65_536
_RETRY_HEADERS = ("retry-after",)
type Answer = AnswerReader | Http2Exchange


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request. leave_after: how long after sending it the client closes the connection. pace: the time
    over which the body is sent in ten parts. http2: without TLS, by prior knowledge, on its own connection
    and with the body sent at once.
    """

    id: int
    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    intent: str = ""
    leave_after: Duration | None = None
    pace: Duration = Duration(0)
    http2: bool = False


class RawClient:
    """A client of one address. report: receives an Event for everything that is sent and seen."""

    def __init__(self, address: tuple[str, int], *, clock: Clock, report: Callable[[Event], None]) -> None:
        self._address = address
        self._clock = clock
        self._report = report
        self._idle: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._is_new = True

    def __repr__(self) -> str:
        return f"<RawClient {self._address[0]}:{self._address[1]}>"

    async def exchange(self, request: Request, *, reuse: bool = False) -> ClientExchange:
        """Send `request` and follow the answer to its end. No behaviour of the server raises an exception."""
        started = self._clock.now()
        is_reused = reuse and not request.http2 and self._idle is not None
        try:
            reader, writer = await self._connection(request, reuse=is_reused)
        except OSError as error:
            self._note(request, Kind.REFUSED, reason=type(error).__name__)
            return _never_connected(request, started, self._clock.now())
        is_reused = is_reused and not self._is_new
        answer = _http2(request, self._address) if request.http2 else AnswerReader(request.method)
        follow = _Follow(request, answer, self._clock, self._note, started, is_reused=is_reused)
        leaving: asyncio.TimerHandle | None = None
        upload = asyncio.ensure_future(self._upload(request, answer, writer))
        try:
            if request.leave_after is not None:
                loop = asyncio.get_running_loop()
                leaving = loop.call_later(as_seconds(request.leave_after), _leave, follow, writer)
            await follow.to_the_end(reader, writer)
        finally:
            if leaving is not None:
                leaving.cancel()
            if not upload.done():
                upload.cancel()
            await asyncio.gather(upload, return_exceptions=True)
            self._keep_or_close(follow, reader, writer)
        return follow.exchange(upload_done=not upload.cancelled() and upload.exception() is None)

    async def _connection(
        self, request: Request, *, reuse: bool
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self._is_new = False
        idle, self._idle = self._idle, None
        if idle is not None:
            if reuse and not idle[0].at_eof():
                return idle
            idle[1].close()
        self._is_new = True
        pair = await asyncio.open_connection(*self._address)
        self._note(request, Kind.CONNECTED)
        return pair

    async def _upload(self, request: Request, answer: Answer, writer: asyncio.StreamWriter) -> None:
        if request.http2:
            writer.write(answer.to_send())
            await writer.drain()
            self._note_sent(request)
            return
        head = _head(request, self._address)
        parts = due_parts(request.body, request.pace)
        writer.write(head + parts[0][1])
        async for part in paced(parts):
            writer.write(part)
            await writer.drain()
        await writer.drain()
        self._note_sent(request)

    def _note_sent(self, request: Request) -> None:
        self._note(
            request, Kind.REQUEST_SENT, method=request.method, path=request.path, bytes=len(request.body)
        )

    def _keep_or_close(
        self, follow: "_Follow", reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if follow.answer.keep_alive and not writer.is_closing():
            self._idle = (reader, writer)
        else:
            writer.close()

    def _note(self, request: Request, kind: Kind, **data: str | int) -> None:
        self._report(
            Event(at=self._clock.now(), actor=Actor.CLIENT, kind=kind, request=request.id, data=dict(data))
        )

    def close(self) -> None:
        """Close the idle connection."""
        if self._idle is not None:
            self._idle[1].close()
            self._idle = None


class _Follow:
    """What has been seen of one answer so far, and when."""

    def __init__(
        self,
        request: Request,
        answer: Answer,
        clock: Clock,
        note: Callable[..., None],
        started: int,
        *,
        is_reused: bool,
    ) -> None:
        self.request = request
        self.answer = answer
        self._is_reused = is_reused
        self.end = End.OPEN
        self._clock = clock
        self._note = note
        self._started = started
        self._first_byte_at: int | None = None
        self._header_at: int | None = None
        self._end_at: int | None = None
        self._interims: list[int] = []

    async def to_the_end(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not self.answer.is_done:
            try:
                data = await reader.read(READ_SIZE)
            except ConnectionError:
                self.finish(End.RESET)
                return
            if self._end_at is not None:
                return
            for sighting in self.answer.feed(data):
                self._see(sighting)
            if reply := self.answer.to_send():
                writer.write(reply)
            if not data and not self.answer.is_done:
                self.finish(End.TRUNCATED)

    def _see(self, sighting: Sighting) -> None:
        now = self._clock.now()
        match sighting.sight:
            case Sight.FIRST_BYTE:
                self._first_byte_at = now
                self._note(self.request, Kind.FIRST_BYTE)
            case Sight.HEADER_LINE:
                self._note(self.request, Kind.HEADER_LINE, count=sighting.value)
            case Sight.INTERIM:
                self._interims.append(sighting.value)
                self._note(self.request, Kind.INTERIM, status=sighting.value)
            case Sight.HEADER:
                self._header_at = now
                self._note(self.request, Kind.HEADER_COMPLETED, status=sighting.value)
            case Sight.BODY:
                self._note(self.request, Kind.BODY, bytes=sighting.value)
            case Sight.COMPLETE:
                self.finish(End.COMPLETE)
            case Sight.TRUNCATED | Sight.GARBAGE:
                self.finish(End.TRUNCATED)
            case Sight.RESET:
                self.finish(End.RESET)

    def finish(self, end: End) -> None:
        if self._end_at is not None:
            return
        self.end = end
        self._end_at = self._clock.now()
        self._note(self.request, Kind.ENDED, end=str(end))

    def leave(self) -> None:
        self._note(self.request, Kind.LEFT)
        self.finish(End.OPEN)

    def exchange(self, *, upload_done: bool) -> ClientExchange:
        """Return what the client knows in the end, including the signals that invite a retry."""
        answer = self.answer
        return ClientExchange(
            id=self.request.id,
            method=self.request.method,
            path=self.request.path,
            intent=self.request.intent,
            sent_at=self._started,
            status=answer.status,
            first_byte_at=self._first_byte_at,
            header_at=self._header_at,
            end_at=self._end_at,
            end=self.end,
            body_bytes=answer.body_bytes,
            request_left=upload_done or self.end is not End.OPEN,
            interims=tuple(self._interims),
            retry_signals=tuple(self._retry_signals()),
            body=bytes(answer.body).decode("utf-8", "replace"),
            framing_ok=answer.framing_ok,
        )

    def _retry_signals(self) -> Iterator[str]:
        """Yield what invites a retry: Retry-After, `"retryable": true` in JSON, an HTTP/2 error code.

        A reused connection that ends without a byte is one, too: RFC 9112 9.3.1 then lets a client repeat
        idempotent requests, and many clients repeat others as well.
        """
        for name, value in self.answer.headers:
            if name.lower() in _RETRY_HEADERS:
                yield f"{name}: {value}"
        if b'"retryable":true' in bytes(self.answer.body).replace(b" ", b""):
            yield '"retryable": true'
        if self.answer.error == REFUSED:
            yield REFUSED
        if self._is_reused and self._first_byte_at is None and self.end in (End.TRUNCATED, End.RESET):
            yield "kept connection closed without a byte"


def _leave(follow: _Follow, writer: asyncio.StreamWriter) -> None:
    follow.leave()
    if writer.transport.get_write_buffer_size():
        writer.transport.abort()  # close() would wait for a peer that may never read
    else:
        writer.close()


def _never_connected(request: Request, started: int, now: int) -> ClientExchange:
    return ClientExchange(
        id=request.id,
        method=request.method,
        path=request.path,
        intent=request.intent,
        sent_at=started,
        end_at=now,
        end=End.RESET,
        connected=False,
        request_left=False,
    )


def _http2(request: Request, address: tuple[str, int]) -> Http2Exchange:
    fields = [(":method", request.method), (":path", request.path), (":scheme", "http")]
    fields += [(":authority", f"{address[0]}:{address[1]}")]
    fields += [(name.lower(), value) for name, value in (*request.headers, *_own_headers(request))]
    return Http2Exchange(fields, request.body)


def _own_headers(request: Request) -> Iterator[tuple[str, str]]:
    if request.body or request.method in {"POST", "PUT", "PATCH"}:
        yield "Content-Length", str(len(request.body))
    yield "X-Firstbyte-Request", str(request.id)
    if request.intent:
        yield "X-Firstbyte-Intent", request.intent


def _head(request: Request, address: tuple[str, int]) -> bytes:
    lines = [f"{request.method} {request.path} HTTP/1.1", f"Host: {address[0]}:{address[1]}"]
    lines += [f"{name}: {value}" for name, value in (*request.headers, *_own_headers(request))]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
