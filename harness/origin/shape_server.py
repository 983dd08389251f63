"""The scripted origin: accepts connections and plays a wire shape to every request.

The same class serves in sim and as a process. It keeps its account in memory and returns it at GET
/_firstbyte/ledger. It does not interpret the shape: illegal bytes are sent as they are written.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import h11
import msgspec

from firstbyte.harness.model.shape import Shape
from firstbyte.harness.origin.playing import Played, Playing

READ_SIZE = 65_536
LEDGER_PATH = "/_firstbyte/ledger"


class ShapeServer:
    """Plays `shape`. now: returns the time for the account, in microseconds."""

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
        """Start to listen and return the address."""
        self._server = await asyncio.start_server(self._connected, host, port, backlog=1024)
        name = self._server.sockets[0].getsockname()
        return name[0], name[1]

    async def close(self) -> None:
        """Stop listening and drop all connections."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def account(self) -> bytes:
        """Return the account as JSON."""
        return msgspec.json.encode(
            {"events": self._rows, "messages": self._messages, "model_calls": {}, "busy": 0}
        )

    def note(self, event: str, request: "Incoming", **detail: object) -> None:
        """Add a row to the account."""
        row = {
            "at_us": self._now(),
            "event": event,
            "request": request.number,
            "intent": request.intent,
            "detail": detail,
        }
        self._rows.append(row)

    def persist(self, request: "Incoming") -> None:
        """Store the message of a request that was read completely, as the shape says."""
        for _ in range(self._shape.effects):
            self._messages.append(
                {"id": f"m{len(self._messages) + 1}", "role": "user", "intent": request.intent}
            )
        if self._shape.effects:
            self.note("persisted", request)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        connection = self._new_connection(reader, writer)
        try:
            await connection.serve()
            await connection.linger()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._on_end(connection)
            self._connections.discard(task)
            writer.close()

    def _new_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> "Connection":
        return Connection(self, self._shape, reader, writer)

    def _on_end(self, connection: "Connection") -> None:
        """Called when a connection has been served, for whatever reason."""


class Incoming(msgspec.Struct, kw_only=True):
    """A request that is being read."""

    number: int = 0
    intent: str = ""
    method: str = ""
    path: str = ""
    is_whole: bool = False


class Connection:
    """One connection. It reads requests and plays the shape to each until a step closes the connection.

    The steps after the end of an answer are for the next request. After the last step the shape starts again.
    """

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
        self._may_read = asyncio.Event()
        self._may_read.set()
        self._request = Incoming()
        self._step = 0

    async def serve(self) -> None:
        """Serve until either side closes. Reading continues while the shape plays."""
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

    async def linger(self) -> None:
        """If the answer ended before the upload, send FIN and read on until the edge closes.

        Closing with unread bytes sends a RST, which may overtake the answer, so that it would be chance which
        of the two an edge sees first. Servers linger for this reason.
        """
        if self._gone.is_set() or self._all_in.is_set() or self._writer.is_closing():
            return
        self._writer.write_eof()
        while await self._reader.read(READ_SIZE):
            pass

    async def _head(self) -> bool:
        await race(self._head_in.wait(), self._gone.wait())
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
                await self._may_read.wait()
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
        """Play the shape. Returns whether the connection stays open."""
        steps = self._shape.steps[self._step :] or self._shape.steps
        shape = Playing(steps, self._request.method, self._writer, self._wait_for, self._may_read.clear)
        played = await race(shape.run(), self._gone.wait())
        if not isinstance(played, Played):
            self._server.note("client-gone", self._request)
            return False
        self._step = len(self._shape.steps) - len(steps) + played.steps
        if played.is_complete:
            self._server.note("response-completed", self._request, body_bytes=played.body_bytes)
        else:
            self._server.note("broken-off", self._request)
        return played.is_open

    async def _wait_for(self, part: str) -> None:
        await (self._head_in if part == "head" else self._all_in).wait()


def _fresh(old: h11.Connection) -> h11.Connection:
    """Return a parser for the next request, with the bytes that were read after the last one."""
    left = old.trailing_data[0]
    new = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    if left:
        new.receive_data(left)
    return new


async def race(*entrants: Coroutine[Any, Any, object]) -> object:
    """Return the result of the first to end, or None if it lost its connection. Cancels the others."""
    tasks = [asyncio.ensure_future(one) for one in entrants]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        winner = next(task for task in tasks if task.done())
        return None if isinstance(winner.exception(), ConnectionError) else winner.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
