"""The `sim` fixture: an ASGI application, an edge and a real httpx client in virtual time.

The application runs on uvicorn's own protocol, the edge is the one `firstbyte edge` runs. A hundred seconds
take milliseconds, and the same test gives the same times. It must never touch a socket, a thread or a clock
of the machine's.
"""

import asyncio
import warnings
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from ssl import SSLContext
from typing import Any

import httpcore
import httpx

from firstbyte.harness.files.loader import load_profile
from firstbyte.harness.model.timeline import Event, Kind
from firstbyte.harness.model.units import as_seconds, seconds
from firstbyte.harness.plugin.application import as_asgi, served
from firstbyte.harness.sim import Sim, run_sim
from firstbyte.harness.sim.rest import Rest
from firstbyte.proxies.edge.server import EdgeServer
from firstbyte.proxies.edge.simulated import PORT, simulated_edge, start_edge
from firstbyte.proxies.rules.config import EdgeConfig, Upstream
from firstbyte.proxies.rules.orders import Next, Seen

READ_SIZE = 65_536
REST_SECONDS = 3600.0
"""Virtual seconds in which an application comes to rest after the test; what has not ended then is named."""
CURE = "virtual time sees nothing outside; use the `edge` fixture instead of `sim`: edge(url) runs on sockets"


class UnfinishedWork(UserWarning):
    """An application has work that does not end by itself."""


class Simulation:
    """One simulation. client: talks to the edge. direct: talks to the application, past the edge.

    url and direct_url: the addresses of both, for a client of the test's own.
    """

    url = f"http://edge:{PORT}"
    direct_url = f"http://origin:{PORT}"

    def __init__(
        self, client: httpx.AsyncClient, direct: httpx.AsyncClient, events: list[Event], rest: Rest
    ) -> None:
        self.client = client
        self.direct = direct
        self._events = events
        self._rest = rest

    def __repr__(self) -> str:
        return f"<Simulation at {self.now:g}s>"

    async def rest(self, within: float = REST_SECONDS) -> None:
        """Wait until the application has come to rest: its requests, tasks and threads have ended.

        within: virtual seconds; it takes none of the machine's. Raises TimeoutError that names who has not
        ended.
        """
        left = await self._rest.wait(seconds(within))
        if left:
            raise TimeoutError("\n".join([f"not at rest after {within:g} s virtual:", *left]))

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
        self._server.held_mode.order_next(order)

    def seen(self) -> list[Seen]:
        """Every request, with what became of it."""
        return self._server.held_mode.seen()

    def has_played(self) -> bool:
        """Whether a request has come."""
        return any(event.kind is Kind.REQUEST_RECEIVED for event in self._events)

    @property
    def timeline(self) -> tuple[Event, ...]:
        """What the edge saw and did."""
        return tuple(self._events)


class SimRunner:
    """The value of the fixture: `sim(app, play)` runs `async def play(world)` and returns its result.

    on_start: called with each edge before the test gets it. ordered: whether the edge takes orders.
    """

    def __init__(
        self, profile: str, on_start: Callable[[SimEdge], None] = lambda _edge: None, *, ordered: bool = False
    ) -> None:
        self._profile = profile
        self._on_start = on_start
        self._ordered = ordered

    def __repr__(self) -> str:
        return f"<SimRunner {self._profile}>"

    def __call__[T](self, app: Any, play: Play[T], profile: str = "", *, seed: int = 0) -> T:
        """app: an ASGI application. profile: an edge's id or file. Raises what `play` raises, or a SimError
        that says who waits for whom, or what used a real socket, thread or clock.
        """
        wrapped = as_asgi(app)

        async def main(sim: Sim) -> T:
            events: list[Event] = []
            server = self._edge(sim, profile or self._profile, events)
            origin = sim.network.host("origin")
            async with served(wrapped, origin, PORT):
                rest = Rest(sim, origin)
                await start_edge(sim, server)
                try:
                    async with _client("edge") as client, _client("origin") as direct:
                        result = await play(Simulation(client, direct, events, rest))
                    # What the server did is asked for when the test has its result, and is true only then.
                    left = await rest.wait(seconds(REST_SECONDS))
                finally:
                    await server.close()
            await _cancel(rest.tasks())
            if left:
                warnings.warn(_unfinished(left), stacklevel=2)
            return result

        return _in_thread_if_needed(lambda: run_sim(main, seed=seed, machine_time=True, cure=CURE))

    def _edge(self, sim: Sim, profile: str, events: list[Event]) -> EdgeServer:
        config = EdgeConfig(
            profile=load_profile(profile).profile,
            upstream=Upstream(host="origin", port=PORT),
            ordered=self._ordered,
        )
        server = simulated_edge(sim, config, events.append, lambda length: "0" * length)
        self._on_start(SimEdge(server, events, profile))
        return server


def _in_thread_if_needed[T](run: Callable[[], T]) -> T:
    """A test that is a coroutine has a loop in its thread already, so the simulation gets another thread."""
    if asyncio._get_running_loop() is None:
        return run()
    with ThreadPoolExecutor(1) as other:
        return other.submit(run).result()


async def _cancel(tasks: list[asyncio.Task[object]]) -> None:
    """As `asyncio.run` does at its end."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _unfinished(left: list[str]) -> UnfinishedWork:
    lines = "\n".join(f"  {each}" for each in left)
    return UnfinishedWork(
        f"the application had not come to rest {REST_SECONDS:g} s virtual after the test, and was ended:\n"
        f"{lines}"
    )


def _client(host: str) -> httpx.AsyncClient:
    """A real httpx client, without a timeout of its own, on the simulation's network."""
    transport = httpx.AsyncHTTPTransport()
    transport._pool = httpcore.AsyncConnectionPool(
        max_connections=100, max_keepalive_connections=20, keepalive_expiry=5.0, network_backend=_Network()
    )
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
