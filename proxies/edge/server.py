"""The emulated edge: listens, and puts each connection through a profile in front of one upstream.

The same class runs in virtual time and on sockets: plain asyncio, no thread, and the clock it is given.
It is no open proxy: whatever a client asks for goes to the configured upstream or is refused.
"""

import asyncio
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from firstbyte.descriptors import ACCEPTS, deepen
from firstbyte.harness.clock import Clock
from firstbyte.harness.model.timeline import Event
from firstbyte.proxies.edge.client_connection import ClientConnection
from firstbyte.proxies.edge.pool import Pool
from firstbyte.proxies.edge.record import Record
from firstbyte.proxies.edge.shared import Hooks, NoHooks, SharedEdge
from firstbyte.proxies.rules.config import EdgeConfig
from firstbyte.proxies.rules.orders import HeldRequest, Next, Seen


class RefusedConnection(asyncio.Protocol):
    """A connection beyond the limit: closed before a byte is read."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


class EdgeServer:
    """One hop.

    clock: microseconds since the run began. report: gets every event of Actor.EDGE; None = nobody watches.
    token(n): n characters for ray ids. stamp: the time of day for answers, ISO 8601; default: the run's
    clock from 1970 on, the same in each run. done: gets the record of each finished exchange. keeps_bodies:
    whether records hold bodies. hooks: a user's addon.
    """

    def __init__(
        self,
        config: EdgeConfig,
        *,
        clock: Clock,
        report: Callable[[Event], None] | None,
        token: Callable[[int], str],
        stamp: Callable[[], str] | None = None,
        done: Callable[[Record], None] | None = None,
        keeps_bodies: bool = False,
        hooks: Hooks | None = None,
    ) -> None:
        self.config = config
        self._clock = clock
        self._edge = SharedEdge(
            config,
            clock=clock,
            report=report,
            token=token,
            stamp=stamp or self._run_time,
            hooks=hooks or NoHooks(),
            done=done,
            keeps_bodies=keeps_bodies,
        )
        self._pool = Pool()
        self._connections: dict[ClientConnection, None] = {}
        self._server: asyncio.AbstractServer | None = None
        self._upstream_tls: ssl.SSLContext | None = None
        self._all_gone: asyncio.Event | None = None

    def __repr__(self) -> str:
        return f"<EdgeServer {self._edge!r}, {len(self._connections)} connections, {self._pool!r}>"

    @property
    def active(self) -> int:
        """How many exchanges are under way."""
        return self._edge.active

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen; returns the address in use. Raises OSError when the port can't be had."""
        loop = asyncio.get_running_loop()
        if self.config.upstream.tls:
            self._upstream_tls = _client_context(verify=self.config.upstream.verify)
        context = _server_context(self.config) if self.config.tls else None
        self._server = await loop.create_server(self._accept, host, port, backlog=ACCEPTS, ssl=context)
        assert isinstance(self._server, asyncio.AbstractServer)
        address = self._server.sockets[0].getsockname()
        return str(address[0]), int(address[1])

    def deepen(self) -> None:
        """Let thousands of connections wait to be accepted. For real sockets."""
        assert isinstance(self._server, asyncio.Server)
        deepen(self._server)

    def _accept(self) -> asyncio.Protocol:
        if len(self._connections) >= self.config.max_connections:
            return RefusedConnection()
        connection = ClientConnection(self._edge, self._pool, self._upstream_tls, self._forget)
        self._connections[connection] = None
        return connection.protocol()

    def _forget(self, connection: ClientConnection) -> None:
        self._connections.pop(connection, None)
        if self._all_gone is not None and not self._connections:
            self._all_gone.set()

    async def close(self) -> None:
        """Stop listening and end every connection; afterwards there is no task, no timer and no port left."""
        if self._server is not None:
            self._server.close()
        self._pool.close()
        if self._connections:
            self._all_gone = asyncio.Event()
            for connection in list(self._connections):
                connection.abort()
            await self._all_gone.wait()
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    # ---- held mode

    def held(self) -> list[HeldRequest]:
        """The requests without an answer, oldest first."""
        return self._edge.held.listing()

    def expire(self, number: int) -> bool:
        """Fire the timer that would fire first; False when there is no such request."""
        return self._edge.held.order(number, expire=True)

    def release(self, number: int) -> bool:
        """Let the origin's answer go on; False when there is no such request."""
        return self._edge.held.order(number, expire=False)

    def order_next(self, order: Next) -> None:
        """Say what becomes of requests to come."""
        self._edge.held.order_next(order)

    def seen(self) -> list[Seen]:
        """Every request that has come, oldest first, with what became of it."""
        return self._edge.held.seen()

    def _run_time(self) -> str:
        moment = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=self._clock.now())
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _server_context(config: EdgeConfig) -> ssl.SSLContext:
    assert config.tls is not None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(config.tls.certificate, config.tls.key)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


def _client_context(*, verify: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
