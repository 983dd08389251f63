"""A listening port of a host: asyncio.Server without the socket.

It accepts in the context of whoever opened it, so its connections belong to that host. It must never accept
after it was closed.
"""

import asyncio
from collections.abc import Callable
from contextvars import Context
from typing import Any, Self

from firstbyte.harness.sim.hosts import Host
from firstbyte.harness.sim.loop import SimLoop
from firstbyte.harness.sim.transport import FakeSocket, MemoryTransport

type Address = tuple[str, int]


class MemoryServer(asyncio.AbstractServer):
    """Holds `addresses` until closed; `unregister` then gives them back to the network."""

    def __init__(
        self,
        loop: SimLoop,
        host: Host,
        context: Context,
        factory: Callable[[], asyncio.BaseProtocol],
        addresses: tuple[Address, ...],
        *,
        unregister: Callable[["MemoryServer"], None],
    ) -> None:
        self.host = host
        self.context = context
        self.addresses = addresses
        self._loop = loop
        self._factory = factory
        self._unregister = unregister
        self._serving = False
        self._closed = False
        self._clients: dict[MemoryTransport, None] = {}
        self._waiters: list[asyncio.Future[None]] = []
        self._forever: asyncio.Future[None] | None = None
        host.sockets[self] = None

    def __repr__(self) -> str:
        state = "closed" if self._closed else "serving" if self._serving else "idle"
        where = ", ".join(f"{name}:{port}" for name, port in self.addresses)
        return f"<MemoryServer {self.host.name} {where} {state}, {len(self._clients)} connections>"

    @property
    def sockets(self) -> tuple[FakeSocket, ...]:
        return () if self._closed else tuple(FakeSocket(each) for each in self.addresses)

    def accept(self, transport: MemoryTransport) -> None:
        """Give an established connection to a new protocol; refuse with RST if nobody serves any more."""
        if not self._serving:
            transport.reset()
            return
        self._clients[transport] = None
        transport.on_closed = self._detach
        transport.connect(self._factory())

    def _detach(self, transport: MemoryTransport) -> None:
        self._clients.pop(transport, None)
        self._wake_if_over()

    def _wake_if_over(self) -> None:
        if self._clients or not self._closed:
            return
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()

    # ---- asyncio.AbstractServer

    def get_loop(self) -> SimLoop:
        return self._loop

    def is_serving(self) -> bool:
        return self._serving

    def open(self) -> None:
        """Start to listen, at once."""
        if self._closed:
            raise RuntimeError(f"server {self!r} is closed")
        self._serving = True

    async def start_serving(self) -> None:
        self.open()
        await asyncio.sleep(0)

    async def serve_forever(self) -> None:
        if self._forever is not None:
            raise RuntimeError(f"server {self!r} is already being awaited on serve_forever()")
        self.open()
        self._forever = self._loop.create_future()
        try:
            await self._forever
        except asyncio.CancelledError:
            self.close()
            await self.wait_closed()
            raise
        finally:
            self._forever = None

    def close(self) -> None:
        """Stop listening; connections go on."""
        if self._closed:
            return
        self.kernel_close()
        self.host.sockets.pop(self, None)
        if self._forever is not None and not self._forever.done():
            self._forever.cancel()
        self._wake_if_over()

    def kernel_close(self) -> None:
        """The process was killed: the port refuses from now on."""
        self._closed = True
        self._serving = False
        self._unregister(self)

    async def wait_closed(self) -> None:
        """Wait until the server is closed and its last connection is gone, as asyncio does since 3.12.1."""
        if self._closed and not self._clients:
            return
        waiter = self._loop.create_future()
        self._waiters.append(waiter)
        await waiter

    def close_clients(self) -> None:
        for transport in list(self._clients):
            transport.close()

    def abort_clients(self) -> None:
        for transport in list(self._clients):
            transport.abort()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: Any) -> None:
        self.close()
        await self.wait_closed()
