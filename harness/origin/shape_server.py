"""The scripted origin: accepts connections and plays a wire shape to every request.

The same class in sim and as a process. It keeps its account in memory and shows it at GET /_firstbyte/ledger. It must never
interpret what it plays: illegal bytes go out as they are written.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import assert_never

import h11
import msgspec

from firstbyte.harness.units import as_seconds
from firstbyte.harness.wire import (
    Chunk,
    Close,
    End,
    HalfClose,
    Head,
    Hold,
    Interim,
    PartialHead,
    Raw,
    Reset,
    Shape,
    Step,
    Wait,
    WaitRequest,
)

READ_SIZE = 65_536
LEDGER_PATH = "/_firstbyte/ledger"
_REASONS = {100: "Continue", 101: "Switching Protocols", 102: "Processing", 103: "Early Hints", 200: "OK", 204: "No Content"}


class ShapeServer:
    """Plays `shape`. now: microseconds for the account."""

    def __init__(self, shape: Shape, now: Callable[[], int]) -> None:
        self._shape = shape
        self._now = now
        self._rows: list[dict[str, object]] = []
        self._messages: list[dict[str, object]] = []
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"<ShapeServer {self._shape.id}, {len(self._connections)} connections>"

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen; returns the address."""
        self._server = await asyncio.start_server(self._connected, host, port, backlog=1024)
        name = self._server.sockets[0].getsockname()
        return name[0], name[1]

    async def close(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def account(self) -> bytes:
        """The account as JSON."""
        return msgspec.json.encode({"events": self._rows, "messages": self._messages, "model_calls": {}, "busy": 0})

    def note(self, event: str, request: "Incoming", **detail: object) -> None:
        """Add a row."""
        row = {"at_us": self._now(), "event": event, "request": request.number, "intent": request.intent, "detail": detail}
        self._rows.append(row)

    def persist(self, request: "Incoming") -> None:
        """The request is in whole: an origin of this shape has taken it."""
        for _ in range(self._shape.effects):
            self._messages.append({"id": f"m{len(self._messages) + 1}", "role": "user", "intent": request.intent})
        if self._shape.effects:
            self.note("persisted", request)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - start_server runs this in a task
        self._connections.add(task)
        try:
            connection = Connection(self, self._shape, reader, writer)
            await connection.serve()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            writer.close()


class Incoming(msgspec.Struct, kw_only=True):
    """A request on its way in."""

    number: int = 0
    intent: str = ""
    method: str = ""
    path: str = ""
    is_whole: bool = False


class Connection:
    """One connection: reads requests, plays the shape to each, until a step closes it."""

    def __init__(
        self, server: ShapeServer, shape: Shape, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._server = server
        self._shape = shape
        self._reader = reader
        self._writer = writer
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
        self._head_in = asyncio.Event()
        self._all_in = asyncio.Event()
        self._gone = asyncio.Event()
        self._request = Incoming()

    async def serve(self) -> None:
        """Until closed by either side. Reading goes on while the shape plays."""
        reading = asyncio.ensure_future(self._read())
        try:
            while await self._head():
                if self._request.path == LEDGER_PATH:
                    await self._show_account()
                elif not await self._play():
                    return
                if not self._next():
                    return
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _head(self) -> bool:
        await _first(self._head_in.wait(), self._gone.wait())
        return self._head_in.is_set()

    def _next(self) -> bool:
        if self._gone.is_set() or not self._all_in.is_set():
            return False
        self._h11 = _fresh(self._h11)
        self._request = Incoming()
        self._head_in.clear()
        self._all_in.clear()
        self._parse(b"")
        return True

    async def _read(self) -> None:
        try:
            while data := await self._reader.read(READ_SIZE):
                self._parse(data)
        except ConnectionError:
            pass
        self._gone.set()

    def _parse(self, data: bytes) -> None:
        if data:
            self._h11.receive_data(data)
        while True:
            try:
                event = self._h11.next_event()
            except h11.RemoteProtocolError:
                self._gone.set()
                return
            match event:
                case h11.Request():
                    self._on_head(event)
                case h11.EndOfMessage():
                    self._on_whole()
                case h11.Data():
                    pass
                case _:
                    return

    def _on_head(self, event: h11.Request) -> None:
        headers = {name.decode(): value.decode("latin-1") for name, value in event.headers}
        number = headers.get("x-firstbyte-request", "")
        self._request.number = int(number) if number.isdigit() else 0
        self._request.intent = headers.get("x-firstbyte-intent", "")
        self._request.method = event.method.decode()
        self._request.path = event.target.decode()
        if self._request.path != LEDGER_PATH:
            self._server.note("arrived", self._request, method=self._request.method, path=self._request.path)
        self._head_in.set()

    def _on_whole(self) -> None:
        self._request.is_whole = True
        if self._request.path != LEDGER_PATH:
            self._server.persist(self._request)
        self._all_in.set()

    async def _show_account(self) -> None:
        body = self._server.account()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body)
        await self._writer.drain()

    async def _play(self) -> bool:
        """Play the shape; False when the connection is over."""
        playing = asyncio.ensure_future(Playing(self._shape, self._request.method, self._writer, self._wait_for).run())
        gone = asyncio.ensure_future(self._gone.wait())
        await asyncio.wait({playing, gone}, return_when=asyncio.FIRST_COMPLETED)
        for task in (playing, gone):
            task.cancel()
        await asyncio.gather(playing, gone, return_exceptions=True)
        if playing.cancelled() or playing.exception() is not None:
            self._server.note("client-gone", self._request)
            return False
        played = playing.result()
        if played.is_complete:
            self._server.note("response-completed", self._request, body_bytes=played.body_bytes)
        return played.is_open

    async def _wait_for(self, part: str) -> None:
        await (self._head_in if part == "head" else self._all_in).wait()


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """How a shape ended. is_complete: the answer came to its announced end. is_open: the connection goes on."""

    body_bytes: int
    is_complete: bool
    is_open: bool


class Playing:
    """One shape being played to one request."""

    def __init__(
        self, shape: Shape, method: str, writer: asyncio.StreamWriter, wait_for: Callable[[str], object]
    ) -> None:
        self._steps = shape.steps
        self._method = method
        self._writer = writer
        self._wait_for = wait_for
        self._framing = "close"
        self._body_bytes = 0
        self._announced: int | None = None

    async def run(self) -> Played:
        """Play all steps; a shape that does not say otherwise starts when the request is in."""
        if not isinstance(self._steps[0], WaitRequest):
            await self._await_request("all")
        for step in self._steps:
            async with aclosing(self._bytes_of(step)) as parts:
                async for data in parts:
                    self._writer.write(data)
                    await self._writer.drain()
            match step:
                case End():
                    return await self._finish(is_open=self._framing != "close", is_complete=True)
                case Close():
                    return await self._finish(is_open=False, is_complete=self._is_whole_at_close())
                case Reset():
                    _reset(self._writer)
                    return Played(body_bytes=self._body_bytes, is_complete=False, is_open=False)
                case _:
                    pass
        await asyncio.Event().wait()
        raise AssertionError

    async def _finish(self, *, is_open: bool, is_complete: bool) -> Played:
        await self._writer.drain()
        return Played(body_bytes=self._body_bytes, is_complete=is_complete, is_open=is_open)

    def _is_whole_at_close(self) -> bool:
        if self._framing == "close":
            return True
        return self._framing == "length" and self._announced == self._body_bytes

    async def _await_request(self, part: str) -> None:
        await self._wait_for(part)  # type: ignore[misc] # an async callable

    async def _bytes_of(self, step: Step) -> AsyncIterator[bytes]:  # noqa: C901, PLR0912 - one case a step
        match step:
            case Wait():
                await asyncio.sleep(as_seconds(step.duration))
            case WaitRequest():
                await self._await_request(step.part)
            case Interim():
                head = _head_bytes(step.status, "", step.headers) + b"\r\n"
                async for data in _repeated(head, step.times, step.every):
                    yield data
            case Head():
                self._announce(step.headers, step.status)
                yield _head_bytes(step.status, step.reason, step.headers) + b"\r\n"
            case PartialHead():
                self._announce(step.headers, step.status)
                yield _head_bytes(step.status, step.reason, step.headers)
            case Chunk():
                body = step.text.encode() or b"x" * step.size
                async for data in _repeated(body, step.times, step.every):
                    self._body_bytes += len(data)
                    yield self._framed(data)
            case Raw():
                async for data in _repeated(step.text.encode("latin-1"), step.times, step.every):
                    yield data
            case End():
                if self._framing == "chunked":
                    yield b"0\r\n\r\n"
            case HalfClose():
                self._writer.write_eof()
            case Close() | Reset():
                pass
            case Hold():
                await asyncio.Event().wait()
            case _:
                assert_never(step)

    def _announce(self, headers: tuple[tuple[str, str], ...], status: int) -> None:
        lower = {name.lower(): value for name, value in headers}
        if "chunked" in lower.get("transfer-encoding", ""):
            self._framing = "chunked"
        elif "content-length" in lower:
            self._framing = "length"
            self._announced = int(lower["content-length"]) if lower["content-length"].isdigit() else None
        elif status == 204 or self._method == "HEAD":  # noqa: PLR2004 - No Content
            self._framing = "length"

    def _framed(self, data: bytes) -> bytes:
        return b"%x\r\n%s\r\n" % (len(data), data) if self._framing == "chunked" else data


async def _repeated(data: bytes, times: int, every: int) -> AsyncIterator[bytes]:
    for turn in range(times):
        if turn:
            await asyncio.sleep(as_seconds(every))
        yield data


def _head_bytes(status: int, reason: str, headers: tuple[tuple[str, str], ...]) -> bytes:
    lines = [f"HTTP/1.1 {status} {reason or _REASONS.get(status, 'Status')}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n").encode("latin-1")


def _fresh(old: h11.Connection) -> h11.Connection:
    """A parser for the next request on the connection, with what has been read beyond the last one."""
    left = old.trailing_data[0]
    new = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    if left:
        new.receive_data(left)
    return new


async def _first(*waits: object) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]  # type: ignore[arg-type] # coroutines
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
