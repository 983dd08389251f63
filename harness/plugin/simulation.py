"""The `sim` fixture: an ASGI application, an edge and a real httpx client in virtual time.

The application runs on uvicorn's own protocol, the edge is the one `firstbyte edge` runs. A hundred seconds
take milliseconds, and the same test gives the same times. It must never touch a socket, a thread or a clock
of the machine's.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from ssl import SSLContext
from typing import Any

import httpcore
import httpx
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from firstbyte.harness.files.loader import load_profile
from firstbyte.harness.model.timeline import Event, Kind
from firstbyte.harness.model.units import as_seconds
from firstbyte.harness.sim import Sim, run_sim
from firstbyte.proxies.edge.server import EdgeServer
from firstbyte.proxies.edge.simulated import PORT, simulated_edge, start_edge
from firstbyte.proxies.rules.config import EdgeConfig, Upstream
from firstbyte.proxies.rules.orders import Next, Seen

READ_SIZE = 65_536


class Simulation:
    """One simulation. client: talks to the edge. direct: talks to the application, past the edge."""

    def __init__(self, client: httpx.AsyncClient, direct: httpx.AsyncClient, events: list[Event]) -> None:
        self.client = client
        self.direct = direct
        self._events = events

    def __repr__(self) -> str:
        return f"<Simulation at {self.now:g}s>"

    @property
    def now(self) -> float:
        """Virtual seconds since the test began."""
        return asyncio.get_running_loop().time()

    @property
    def timeline(self) -> tuple[Event, ...]:
        """What the edge saw and did so far."""
        return tuple(self._events)

    @property
    def fired(self) -> tuple[tuple[str, float], ...]:
        """Timers that have fired, with the second."""
        return tuple(
            (str(one.data["timer"]), as_seconds(one.at))
            for one in self._events
            if one.kind is Kind.TIMER_FIRED
        )


type Play[T] = Callable[[Simulation], Awaitable[T]]


class SimEdge:
    """The edge of one simulation, for rounds with faults: takes the order, and says what it saw."""

    def __init__(self, server: EdgeServer, events: list[Event], profile: str) -> None:
        self.profile = profile
        self._server = server
        self._events = events

    def __repr__(self) -> str:
        return f"<SimEdge {self._server!r}>"

    def order_next(self, order: Next) -> None:
        """Say what becomes of requests to come."""
        self._server.order_next(order)

    def seen(self) -> list[Seen]:
        """Every request, with what became of it."""
        return self._server.seen()

    @property
    def timeline(self) -> tuple[Event, ...]:
        """What the edge saw and did."""
        return tuple(self._events)


class SimRunner:
    """The value of the fixture: `sim(app, play)` runs `async def play(world)` and returns its result."""

    def __init__(self, profile: str, on_start: Callable[[SimEdge], None] | None = None) -> None:
        self._profile = profile
        self._on_start = on_start

    def __repr__(self) -> str:
        return f"<SimRunner {self._profile}>"

    def __call__[T](self, app: Any, play: Play[T], profile: str = "", *, seed: int = 0) -> T:
        """app: an ASGI application. profile: an edge's id or file. Raises what `play` raises, or a SimError
        that says who waits for whom, or what used a real socket, thread or clock.
        """
        edge = load_profile(profile or self._profile).profile

        async def main(sim: Sim) -> T:
            events: list[Event] = []
            upstream = Upstream(host="origin", port=PORT)
            config = EdgeConfig(profile=edge, upstream=upstream, ordered=self._on_start is not None)
            server = simulated_edge(sim, config, events.append, lambda length: "0" * length)
            if self._on_start is not None:
                self._on_start(SimEdge(server, events, profile or self._profile))
            async with _application(sim, app):
                await start_edge(sim, server)
                try:
                    async with _client("edge") as client, _client("origin") as direct:
                        return await play(Simulation(client, direct, events))
                finally:
                    await server.close()

        return run_sim(main, seed=seed)


@asynccontextmanager
async def _application(sim: Sim, app: Any) -> AsyncIterator[None]:
    """Run the application on uvicorn's protocol, without its server, which ticks in real time."""
    config = Config(app, ws="none", lifespan="off", log_config=None, access_log=False)
    config.load()
    state = ServerState()
    host = sim.network.host("origin")

    async def listen() -> asyncio.AbstractServer:
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: H11Protocol(config, state, {}, loop), "origin", PORT)

    async with _lifespan(app):
        server = await host.start(listen())
        try:
            yield
        finally:
            server.close()
            for connection in list(state.connections):
                connection.shutdown()
            for task in list(state.tasks):
                task.cancel()
            await asyncio.gather(*state.tasks, return_exceptions=True)


@asynccontextmanager
async def _lifespan(app: Any) -> AsyncIterator[None]:
    """Run the start-up and shutdown of an application that has them."""
    inbox: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    outbox: asyncio.Queue[str] = asyncio.Queue()

    async def send(message: dict[str, Any]) -> None:
        outbox.put_nowait(f"{message['type']} {message.get('message', '')}".strip())

    async def run() -> None:
        with suppress(Exception):  # ASGI: an application without a lifespan raises
            await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, inbox.get, send)
        outbox.put_nowait("over")

    task = asyncio.create_task(run())
    inbox.put_nowait({"type": "lifespan.startup"})
    begun = await outbox.get()
    if begun.startswith("lifespan.startup.failed"):
        await task
        raise RuntimeError(f"the application's lifespan: {begun}")
    try:
        yield
    finally:
        if not task.done():
            inbox.put_nowait({"type": "lifespan.shutdown"})
        await task


def _client(host: str) -> httpx.AsyncClient:
    """A real httpx client, without a timeout of its own, on the simulation's network."""
    transport = httpx.AsyncHTTPTransport()
    transport._pool = httpcore.AsyncConnectionPool(network_backend=_Network())
    return httpx.AsyncClient(
        transport=transport, base_url=f"http://{host}:{PORT}", timeout=None, trust_env=False
    )


class _Network(httpcore.AsyncNetworkBackend):
    """asyncio streams, which are virtual in a simulation."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        del local_address, socket_options
        try:
            async with asyncio.timeout(timeout):
                return _Stream(*await asyncio.open_connection(host, port))
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Stream(httpcore.AsyncNetworkStream):
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - as above
        try:
            async with asyncio.timeout(timeout):
                return await self._reader.read(min(max_bytes, READ_SIZE))
        except TimeoutError as error:
            raise httpcore.ReadTimeout from error
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - as above
        try:
            async with asyncio.timeout(timeout):
                self._writer.write(buffer)
                await self._writer.drain()
        except TimeoutError as error:
            raise httpcore.WriteTimeout from error
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    async def aclose(self) -> None:
        self._writer.close()

    async def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - as above
    ) -> httpcore.AsyncNetworkStream:
        raise httpcore.ConnectError("there is no TLS in a simulation")

    def get_extra_info(self, info: str) -> Any:
        return self._writer.get_extra_info(info)
