"""A reference server inside the test's own loop, on a real socket, and a client that shows every byte.

It never sleeps: it waits for bytes or for a row in the ledger.
"""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import pytest

from firstbyte.reference_server.app import ProtocolFactory, create_app, shutdown
from firstbyte.reference_server.config import ModelScript, Seconds, ServerConfig, Turn
from firstbyte.reference_server.env import real_env
from firstbyte.reference_server.routes.inspection import ledger_document
from firstbyte.reference_server.service import Service

PATIENCE = 20
POLL = 0.005
# Long enough for a loaded machine to see what comes before the model is done.
MODEL_DELAY = Seconds(0.4)
MODEL = ModelScript(turns=(Turn(delay=MODEL_DELAY),))


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A complete response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Connection:
    """A keep-alive connection that keeps every byte it got."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.seen = b""

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    def post(self, path: str, body: object, headers: Mapping[str, str] | None = None) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        head = f"POST {path} HTTP/1.1\r\nHost: test\r\nContent-Length: {len(data)}\r\n{lines}\r\n"
        self.send(head.encode() + data)

    def get(self, path: str) -> None:
        self.send(f"GET {path} HTTP/1.1\r\nHost: test\r\n\r\n".encode())

    async def until(self, wanted: bytes) -> bytes:
        """Everything not yet taken, up to and including `wanted`."""
        async with asyncio.timeout(PATIENCE):
            while wanted not in self.seen:
                data = await self._reader.read(65536)
                assert data, f"the server closed after {self.seen!r}, before {wanted!r}"
                self.seen += data
        end = self.seen.index(wanted) + len(wanted)
        taken, self.seen = self.seen[:end], self.seen[end:]
        return taken

    async def end(self) -> bytes:
        """Everything up to the end of the connection."""
        async with asyncio.timeout(PATIENCE):
            return self.seen + await self._reader.read()

    async def exactly(self, length: int) -> bytes:
        async with asyncio.timeout(PATIENCE):
            while len(self.seen) < length:
                data = await self._reader.read(65536)
                assert data, "the server closed in the middle of a body"
                self.seen += data
        taken, self.seen = self.seen[:length], self.seen[length:]
        return taken

    async def reply(self) -> Reply:
        """The next complete response, interims skipped."""
        head = (await self.until(b"\r\n\r\n")).decode("latin-1")
        status_line, *lines = head.strip().split("\r\n")
        status = int(status_line.split(" ")[1])
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        if status < 200:
            return await self.reply()
        if headers.get("transfer-encoding") == "chunked":
            return Reply(status=status, headers=headers, body=await self._chunks())
        return Reply(status=status, headers=headers, body=await self.exactly(int(headers["content-length"])))

    async def _chunks(self) -> bytes:
        body = b""
        while size := int((await self.until(b"\r\n")).strip(), 16):
            body += await self.exactly(size)
            await self.until(b"\r\n")
        await self.until(b"\r\n")
        return body

    def close(self) -> None:
        self._writer.transport.abort()


class Server:
    """The running server and what its ledger says."""

    def __init__(self, port: int, service: Service) -> None:
        self.port = port
        self.service = service
        self._opened: list[Connection] = []

    async def connect(self) -> Connection:
        connection = Connection(*await asyncio.open_connection("127.0.0.1", self.port))
        self._opened.append(connection)
        return connection

    async def post(self, path: str, body: object, headers: Mapping[str, str] | None = None) -> Reply:
        connection = await self.connect()
        connection.post(path, body, headers)
        return await connection.reply()

    async def get(self, path: str) -> Reply:
        connection = await self.connect()
        connection.get(path)
        return await connection.reply()

    async def session(self) -> str:
        return str((await self.post("/session", {})).json["id"])

    def ledger(self) -> dict[str, Any]:
        return cast("dict[str, Any]", json.loads(json.dumps(ledger_document(self.service))))

    def facts(self, intent: str) -> list[str]:
        """The ledger's events of one intent, in order."""
        return [str(row["event"]) for row in self.ledger()["events"] if row["intent"] == intent]

    async def fact(self, intent: str, event: str) -> None:
        """Returns once the ledger has it."""
        async with asyncio.timeout(PATIENCE):
            while event not in self.facts(intent):  # noqa: ASYNC110 (a ledger has no event to wait for)
                await asyncio.sleep(POLL)

    async def idle(self) -> None:
        """Returns once no prompt is open."""
        async with asyncio.timeout(PATIENCE):
            await self.service.work.quiet()

    def close(self) -> None:
        for connection in self._opened:
            connection.close()


type Serve = Callable[[ServerConfig], Awaitable[Server]]


def prompt(text: str, **more: object) -> dict[str, object]:
    """The body of a prompt with one text part."""
    return {"parts": [{"type": "text", "text": text}], **more}


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts servers; they end with the test."""
    endings: list[Callable[[], None]] = []

    async def start(config: ServerConfig) -> Server:
        app = create_app(config, real_env(), lambda: sqlite3.connect(":memory:"))
        factory = ProtocolFactory(app, config.keep_alive)
        listener = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", 0)
        server = Server(listener.sockets[0].getsockname()[1], app.state.service)
        endings.extend((server.close, listener.close, lambda: shutdown(app), factory.shutdown))
        return server

    yield start
    for end in endings:
        end()
    await asyncio.sleep(POLL)
