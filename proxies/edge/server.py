"""The emulated edge: listens, and puts each connection through a profile in front of one upstream.

The same class runs in virtual time and on sockets: plain asyncio, no thread, and the clock it is given.
It is no open proxy: whatever a client asks for goes to the configured upstream or is refused.
"""

import asyncio
import ssl

from firstbyte.descriptors import ACCEPTS, deepen
from firstbyte.proxies.edge.client_connection import ClientConnection
from firstbyte.proxies.edge.pool import Pool
from firstbyte.proxies.edge.shared import SharedEdge
from firstbyte.proxies.rules.config import TlsFiles
from firstbyte.proxies.rules.orders import HeldMode


class RefusedConnection(asyncio.Protocol):
    """A connection beyond the limit: closed before a byte is read."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


class EdgeServer:
    """One hop."""

    def __init__(self, edge: SharedEdge) -> None:
        self._edge = edge
        self._pool = Pool()
        self._connections: dict[ClientConnection, None] = {}
        self._server: asyncio.AbstractServer | None = None
        self._upstream_tls: ssl.SSLContext | None = None
        self._all_gone: asyncio.Event | None = None

    def __repr__(self) -> str:
        return f"<EdgeServer {self._edge!r}, {len(self._connections)} connections, {self._pool!r}>"

    @property
    def hop(self) -> int:
        """Its place in a chain, 0 = next to the client."""
        return self._edge.config.hop

    @property
    def active(self) -> int:
        """How many exchanges are under way."""
        return self._edge.active

    @property
    def held_mode(self) -> HeldMode:
        """The requests without an answer, and the orders for them and for those to come."""
        return self._edge.held

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen; returns the address in use. Raises OSError when the port can't be had."""
        loop = asyncio.get_running_loop()
        config = self._edge.config
        if config.upstream.tls:
            self._upstream_tls = _client_context(verify=config.upstream.verify)
        context = _server_context(config.tls) if config.tls else None
        self._server = await loop.create_server(self._accept, host, port, backlog=ACCEPTS, ssl=context)
        assert isinstance(self._server, asyncio.AbstractServer)
        address = self._server.sockets[0].getsockname()
        return str(address[0]), int(address[1])

    def deepen(self) -> None:
        """Let thousands of connections wait to be accepted. For real sockets."""
        assert isinstance(self._server, asyncio.Server)
        deepen(self._server)

    def _accept(self) -> asyncio.Protocol:
        if len(self._connections) >= self._edge.config.max_connections:
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


def _server_context(files: TlsFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


def _client_context(*, verify: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
