"""A client, an edge and a scripted origin in one event loop, in virtual time or on loopback.

The origin plays a function on raw streams; the client is raw streams too, so every byte either side sees is
in the test.
"""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

import msgspec

from firstbyte.harness.clock import Clock, RealClock
from firstbyte.harness.model.profile import Answer, Point, Profile, Timer
from firstbyte.harness.model.timeline import Event, Kind
from firstbyte.harness.model.units import seconds
from firstbyte.harness.sim import Sim, run_sim
from firstbyte.proxies.edge.record import Record
from firstbyte.proxies.edge.server import EdgeServer
from firstbyte.proxies.edge.shared import NoHooks, SharedEdge
from firstbyte.proxies.rules.config import EdgeConfig, Upstream

type Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
HELLO = b"6\r\nhello\n\r\n"

HEADER = Timer(
    name="header",
    starts_on=Point.REQUEST_SENT,
    stops_on=(Point.HEADER_COMPLETED,),
    limit=seconds(1),
)
GAP = Timer(
    name="gap",
    starts_on=Point.HEADER_COMPLETED,
    stops_on=(Point.RESPONSE_COMPLETED,),
    reset_by=(Point.BODY_READ,),
    limit=seconds(1),
)


def timer(base: Timer, **changes: object) -> Timer:
    """A timer with some fields changed."""
    return msgspec.structs.replace(base, **changes)


def plain(status: int, **fields: object) -> Answer:
    """An answer whose body is its name."""
    return msgspec.convert({"status": status, "bodies": [{"text": f"edge {status}"}], **fields}, Answer)


def profile(*timers: Timer, **fields: object) -> Profile:
    """A profile with all answers.

    524, 521, 522, 520 for closed, 525 for reset, 526 for garbage, 527 for partial.
    """
    answers = {
        "timeout": plain(524),
        "connect-refused": plain(521),
        "connect-timeout": plain(522),
        "closed": plain(520),
        "reset": plain(525),
        "protocol-error": plain(526),
        "partial": plain(527),
    }
    base = Profile(id="lab", title="lab", timers=timers or (HEADER, GAP), answers=answers)
    extra = fields.pop("more_answers", {})
    return msgspec.structs.replace(base, answers={**answers, **extra}, **fields)  # type: ignore[dict-item]  # a test's


class Lab:
    """One edge with its origin, and the events of the edge."""

    def __init__(self, script: Script, edge_profile: Profile, clock: Clock, **config: object) -> None:
        self.events: list[Event] = []
        self.records: list[Record] = []
        self.clock = clock
        self.origin_address: tuple[str, int] = ("127.0.0.1", 0)
        self.address: tuple[str, int] = ("127.0.0.1", 0)
        self.edge: EdgeServer
        self.shared: SharedEdge
        self.connections = 0
        self.seen: list[str] = []
        self._script = script
        self._profile = edge_profile
        self._config = config
        self._origin: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._clients = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._origin = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.origin_address = self._origin.sockets[0].getsockname()[:2]
        upstream = self._config.pop("upstream", None)
        hooks = self._config.pop("hooks", None)
        assert upstream is None or isinstance(upstream, Upstream)
        config = EdgeConfig(
            profile=self._profile,
            upstream=upstream or Upstream(host=self.origin_address[0], port=self.origin_address[1]),
        )
        self.shared = SharedEdge(
            msgspec.structs.replace(config, **self._config),
            clock=self.clock,
            report=self.events.append,
            token=lambda count: "0" * count,
            done=self.records.append,
            keeps_bodies=True,
            hooks=hooks or NoHooks(),  # type: ignore[arg-type]  # a test's own
        )
        self.edge = EdgeServer(self.shared)
        self.address = await self.edge.start("127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._clients.aclose()
        await self.edge.close()
        await self.stop_origin()

    async def stop_origin(self) -> None:
        """End the origin, with everything it plays."""
        assert self._origin is not None
        self._origin.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._origin.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            await self._script(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except asyncio.CancelledError:
            pass
        finally:
            writer.close()
            self._tasks.discard(task)

    async def connect(self) -> "Client":
        """A client connection, closed at the end."""
        client = Client(*await asyncio.open_connection(*self.address), self.clock)
        self._clients.callback(client.close)
        return client

    async def ask(self, request: bytes) -> "Seen":
        """Send a request on a connection of its own and read until it is answered or ended."""
        client = await self.connect()
        client.send(request)
        return await client.answer()

    def kinds(self, *kinds: Kind) -> list[tuple[Kind, dict[str, str | int | bool]]]:
        """What the edge reported, of these kinds, without its hop."""
        return [
            (event.kind, {key: value for key, value in event.data.items() if key != "hop"})
            for event in self.events
            if not kinds or event.kind in kinds
        ]


class Seen(msgspec.Struct, kw_only=True):
    """What a client saw. Times in microseconds since the request was sent."""

    head: bytes
    body: bytes
    interims: list[int]
    header_at: int
    end_at: int
    end: str

    @property
    def status(self) -> int:
        """0 when there was no answer."""
        return int(self.head.split(b" ", 2)[1]) if self.head else 0

    def header(self, name: str) -> str | None:
        """One header's value."""
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.decode().lower() == name.lower():
                return value.strip().decode()
        return None


class Client:
    """A raw HTTP/1.1 client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, clock: Clock) -> None:
        self.reader = reader
        self.writer = writer
        self._clock = clock
        self._sent = 0
        self._head_only = False

    def close(self) -> None:
        """Leave."""
        self.writer.close()

    def reset(self) -> None:
        """Leave with a RST."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    def send(self, data: bytes) -> None:
        """Send bytes; the clock of the answer starts."""
        self._sent = self._clock.now()
        self._head_only = data.startswith(b"HEAD ")
        self.writer.write(data)

    def _since(self) -> int:
        return self._clock.now() - self._sent

    async def answer(self) -> Seen:
        """Read one answer with its interims, to its end."""
        seen = Seen(head=b"", body=b"", interims=[], header_at=0, end_at=0, end="complete")
        try:
            while True:
                head = await self.reader.readuntil(b"\r\n\r\n")
                status = int(head.split(b" ", 2)[1])
                if status >= 200 or status == 101:
                    break
                seen.interims.append(status)
            seen.head, seen.header_at = head, self._since()
            await self._body(seen)
        except asyncio.IncompleteReadError as error:
            seen.body += error.partial if seen.head else b""
            seen.end = "truncated" if seen.head else "closed"
        except ConnectionError:
            seen.end = "reset"
        seen.end_at = self._since()
        return seen

    async def _body(self, seen: Seen) -> None:
        if self._head_only or seen.status in (101, 204, 304):
            return
        if (seen.header("transfer-encoding") or "") == "chunked":
            await self._chunks(seen)
        elif (length := seen.header("content-length")) is not None:
            seen.body += await self.reader.readexactly(int(length))
        else:
            seen.body += await self.reader.read(-1)

    async def _chunks(self, seen: Seen) -> None:
        while True:
            line = await self.reader.readuntil(b"\r\n")
            try:
                size = int(line.split(b";")[0], 16)
            except ValueError:
                seen.end = "bad-chunk"
                return
            if size == 0:
                while await self.reader.readuntil(b"\r\n") != b"\r\n":
                    pass
                return
            seen.body += await self.reader.readexactly(size)
            await self.reader.readexactly(2)


async def head_of(reader: asyncio.StreamReader) -> bytes:
    """One request's head."""
    return await reader.readuntil(b"\r\n\r\n")


def then(sent: bytes, end: str) -> Script:
    """An origin that sends these bytes and then stalls, closes or resets."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(sent)
        await writer.drain()
        if end == "stall":
            await forever()
        if end == "rst":
            # Not in the same microsecond: a RST overtakes what the receiver has not read.
            await asyncio.sleep(0.1)
            writer.transport.reset()  # type: ignore[attr-defined]  # the simulation's

    return script


async def forever() -> None:
    """Wait until the lab ends."""
    await asyncio.get_running_loop().create_future()


def get(path: str = "/", extra: str = "") -> bytes:
    """A GET."""
    return f"GET {path} HTTP/1.1\r\nHost: lab\r\n{extra}\r\n".encode()


def post(body: bytes, path: str = "/", extra: str = "") -> bytes:
    """A POST with a length."""
    return f"POST {path} HTTP/1.1\r\nHost: lab\r\nContent-Length: {len(body)}\r\n{extra}\r\n".encode() + body


def simulate[T](
    script: Script, edge_profile: Profile, main: Callable[[Lab], Awaitable[T]], **config: object
) -> T:
    """Play in virtual time."""

    async def play(sim: Sim) -> T:
        async with Lab(script, edge_profile, sim.clock, **config) as lab:
            return await main(lab)

    return run_sim(play)


def on_sockets[T](
    script: Script, edge_profile: Profile, main: Callable[[Lab], Awaitable[T]], **config: object
) -> T:
    """Play on loopback; nothing may be left over."""
    config.setdefault("is_virtual", False)

    async def play() -> T:
        async with asyncio.timeout(30):
            async with Lab(script, edge_profile, RealClock(), **config) as lab:
                result = await main(lab)
            left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            assert not left, f"left over: {left}"
            return result

    return asyncio.run(play())
