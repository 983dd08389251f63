"""One edge in virtual time between a client and an origin that both send whatever they are given.

What the edge may never do is checked after each play: fail, hold on to an exchange beyond its timers, write
to the origin what a strict parser reads as another number of requests, echo markup.
"""

import asyncio
import logging
from collections.abc import Iterable
from itertools import batched

import h11
import msgspec

from firstbyte.harness.model.profile import Profile
from firstbyte.harness.model.timeline import Event
from firstbyte.harness.sim import Sim, run_sim
from firstbyte.proxies.edge.client_connection import ClientConnection
from firstbyte.proxies.edge.record import Record
from firstbyte.proxies.edge.server import EdgeServer
from firstbyte.proxies.edge.shared import SharedEdge
from firstbyte.proxies.rules.config import EdgeConfig, Upstream

#: Beyond every timer of the fuzzed profile, a request sent again and the lingering close included.
BEYOND = 30.0
MARK = b"<script>"
OK = 200
#: Plays on one edge: a longer simulation remembers more tasks.
BATCH = 100


class Play(msgspec.Struct, frozen=True):
    """What the client sends and what the origin answers each request with, in pieces; how each ends.

    stream: the body of a good answer, which must come through as it is; None when the answer may be bad.
    """

    client: tuple[bytes, ...]
    origin: tuple[bytes, ...]
    client_end: str = "fin"
    origin_end: str = "fin"
    http2: bool = False
    stream: bytes | None = None


class Prior2(EdgeServer):
    """Speaks HTTP/2 without TLS, which virtual time has not."""

    def _accept(self) -> asyncio.Protocol:
        connection = ClientConnection(self._edge, self._pool, self._upstream_tls, self._forget)
        connection._client.alpn = b"h2"
        self._connections[connection] = None
        return connection.protocol()


class StrictOrigin:
    """Reads what the edge writes with a parser that has nothing in common with the edge's."""

    def __init__(self) -> None:
        self.play = Play((), ())
        self.requests: list[tuple[str, str]] = []
        self.faults: list[str] = []
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        parser = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
        while data := await reader.read(1 << 20):
            is_over = False
            try:
                parser.receive_data(data)
                is_over = self._take(parser)
            except h11.RemoteProtocolError as error:
                self.faults.append(f"the origin can't read what the edge wrote: {error}: {data[:300]!r}")
                return
            if not is_over:
                continue
            if parser.trailing_data[0]:
                # With an upgrade, what follows is the other protocol's.
                if not self._upgraded:
                    self.faults.append(f"more than one request reached the origin: {data[:300]!r}")
                return
            parser = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
            if not await self._answer(writer):
                return
            if self._upgraded:
                await reader.read(-1)
                return

    _upgraded = False

    def _take(self, parser: h11.Connection) -> bool:
        while True:
            event = parser.next_event()
            if isinstance(event, h11.Request):
                self.requests.append((event.method.decode(), event.target.decode("latin-1")))
                self._upgraded = any(name == b"upgrade" for name, _ in event.headers)
            elif isinstance(event, h11.EndOfMessage):
                return True
            elif not isinstance(event, h11.Data):
                return event is h11.PAUSED

    async def _answer(self, writer: asyncio.StreamWriter) -> bool:
        for piece in self.play.origin:
            writer.write(piece)
            await asyncio.sleep(0.01)
        match self.play.origin_end:
            case "rst":
                writer.transport.reset()  # type: ignore[attr-defined]  # the simulation's
            case "fin":
                writer.close()
            case "hang":
                await asyncio.sleep(2 * BEYOND)
            case _:
                return True
        return False


class Field:
    """The edge with its origin; `play` returns what is wrong after one play, '' if nothing is."""

    def __init__(self, sim: Sim, profile: Profile) -> None:
        self._sim = sim
        self._profile = profile
        self._origin = StrictOrigin()
        self._records: list[Record] = []
        self._events: list[Event] = []
        self._servers: dict[bool, tuple[EdgeServer, tuple[str, int]]] = {}

    @property
    def requests(self) -> list[tuple[str, str]]:
        """What the origin read in the last play."""
        return self._origin.requests

    async def start(self) -> None:
        self._listener = await asyncio.start_server(self._origin.serve, "127.0.0.1", 0)
        host, port = self._listener.sockets[0].getsockname()[:2]
        config = EdgeConfig(profile=self._profile, upstream=Upstream(host=host, port=port))
        for http2 in (False, True):
            shared = SharedEdge(
                config,
                clock=self._sim.clock,
                report=self._events.append,
                token=lambda count: "0" * count,
                done=self._records.append,
            )
            server = (Prior2 if http2 else EdgeServer)(shared)
            self._servers[http2] = (server, await server.start("127.0.0.1", 0))

    async def close(self) -> None:
        for server, _ in self._servers.values():
            await server.close()
        await self._origin.close()
        self._listener.close()
        await self._listener.wait_closed()

    async def play(self, play: Play) -> str:
        origin = self._origin
        origin.play = play
        origin.requests.clear()
        origin.faults.clear()
        self._records.clear()
        self._events.clear()
        server, address = self._servers[play.http2]
        answer = await _send(play, address)
        await asyncio.sleep(BEYOND)
        if origin.faults:
            return origin.faults[0]
        if ", 0 requests>, 0 connections" not in repr(server):
            return f"held on beyond its timers: {server!r}"
        attempts = sum(record.attempts for record in self._records)
        if len(origin.requests) > attempts:
            return f"{len(origin.requests)} requests at the origin of {attempts} the edge sent"
        if MARK in answer and MARK not in b"".join(play.origin):
            return f"markup came back: {answer[:300]!r}"
        return "" if play.stream is None else changed(play, answer)


def changed(play: Play, answer: bytes) -> str:
    """What has become of a stream on its way, if it is not what it was, whole or to a cut."""
    reader = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
    reader.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
    reader.receive_data(answer)
    reader.receive_data(b"")
    body = b""
    try:
        while not isinstance(event := reader.next_event(), h11.EndOfMessage | h11.ConnectionClosed):
            if isinstance(event, h11.Response) and event.status_code != OK:
                return ""  # the edge's own answer
            body += event.data if isinstance(event, h11.Data) else b""
    except h11.RemoteProtocolError:  # it was cut
        pass
    assert play.stream is not None
    is_whole = body == play.stream if play.origin_end == "fin" else play.stream.startswith(body)
    return "" if is_whole else f"the stream came as {body[:300]!r}"


async def _send(play: Play, address: tuple[str, int]) -> bytes:
    reader, writer = await asyncio.open_connection(*address, limit=1 << 24)
    for piece in play.client:
        writer.write(piece)
        await asyncio.sleep(0.01)
    got = bytearray()
    try:
        async with asyncio.timeout(3):
            while data := await reader.read(1 << 20):
                got += data
    except (TimeoutError, ConnectionError):
        pass
    if play.client_end == "rst":
        writer.transport.reset()  # type: ignore[attr-defined]  # the simulation's
    writer.close()
    return bytes(got)


class Errors(logging.Handler):
    """Keeps what was logged as an error: the edge's rim logs a failure and goes on."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(logging.Formatter().format(record))


def faults(plays: Iterable[Play], profile: Profile) -> list[tuple[Play, str]]:
    """The plays that went wrong, and how. Each batch is played on one edge, one after another."""
    errors = Errors()
    logging.getLogger().addHandler(errors)
    try:
        return [found for batch in batched(plays, BATCH) for found in _play(batch, profile, errors)]
    finally:
        logging.getLogger().removeHandler(errors)


def _play(plays: Iterable[Play], profile: Profile, errors: Errors) -> list[tuple[Play, str]]:
    async def main(sim: Sim) -> list[tuple[Play, str]]:
        field = Field(sim, profile)
        await field.start()
        found: list[tuple[Play, str]] = []
        for play in plays:
            wrong = await field.play(play)
            wrong = errors.seen[0] if errors.seen else wrong
            errors.seen.clear()
            if wrong:
                found.append((play, wrong))
        await field.close()
        return found

    return run_sim(main)
