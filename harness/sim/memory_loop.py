"""The simulation's event loop with asyncio's calls for networking: every connection stays in memory.

It exists so that unmodified servers and clients run. It must never accept an option that asks for more than
it does.
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from typing import Any

from firstbyte.harness.sim.loop import SimLoop
from firstbyte.harness.sim.network import Network, address_info
from firstbyte.harness.sim.server import MemoryServer
from firstbyte.harness.sim.transport import MemoryTransport

type Factory = Callable[[], asyncio.BaseProtocol]


class MemoryLoop(SimLoop):
    """SimLoop plus `network`, which is set before the loop runs."""

    network: Network

    def __init__(self, **limits: int) -> None:
        super().__init__(**limits)
        self._addresses: dict[socket.socket, tuple[str, int]] = {}

    async def create_connection(  # type: ignore[override]  # the stubs' overloads split on ssl and sock, both refused
        self,
        protocol_factory: Factory,
        host: str | None = None,
        port: int | None = None,
        *,
        ssl: object = None,
        sock: object = None,
        local_addr: object = None,
        **_hints: Any,
    ) -> tuple[MemoryTransport, asyncio.BaseProtocol]:
        """As asyncio's; hints about address families and pacing mean nothing here."""
        self._refuse_options(ssl=ssl, local_addr=local_addr)
        if isinstance(sock, socket.socket) and sock in self._addresses:
            host, port = self._addresses.pop(sock)
            sock.close()
        elif sock is not None:
            self.refuse("a connection with sock=")
        if host is None or port is None:
            raise ValueError("host and port was not specified and no sock specified")
        return await self.network.connect(protocol_factory, host, port)

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        """Note where to: `create_connection(sock=...)`, which clients call next, connects in memory."""
        self._addresses[sock] = (str(address[0]), int(address[1]))

    async def create_server(  # type: ignore[override]  # as above
        self,
        protocol_factory: Factory,
        host: str | Sequence[str] | None = None,
        port: int = 0,
        *,
        ssl: object = None,
        sock: object = None,
        start_serving: bool = True,
        **_hints: Any,
    ) -> MemoryServer:
        """As asyncio's; hints about backlog and address reuse mean nothing here."""
        self._refuse_options(ssl=ssl, sock=sock)
        return self.network.listen(protocol_factory, host, port or 0, serve=start_serving)

    async def getaddrinfo(  # type: ignore[override]  # only names of the simulation
        self, host: str | None, port: int, **_hints: Any
    ) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        address = self.network.resolve(host)
        if address is None:
            self.refuse(f"name resolution of '{host}', no host of this simulation")
        return [address_info(address, port)]

    def _refuse_options(self, **options: object) -> None:
        for name, value in options.items():
            if value is not None and value is not False:
                self.refuse("TLS" if name == "ssl" else f"a connection with {name}=")
