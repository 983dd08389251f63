"""The network of a simulation: hosts by name, listening ports, connections, and a tap on every movement.

A name is a host. A host's own name and the wildcard bind its address; 127.0.0.1 and localhost are shared by
all hosts, as by the processes of one machine in real mode. It must never resolve or reach anything outside.
"""

import asyncio
import socket
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from itertools import count
from typing import Final

import msgspec

from firstbyte.harness.sim.foreign import foreign_io
from firstbyte.harness.sim.hosts import Host, HostState, current_host
from firstbyte.harness.sim.loop import SimLoop
from firstbyte.harness.sim.server import MemoryServer
from firstbyte.harness.sim.transport import FakeSocket, MemoryTransport
from firstbyte.harness.sim.wire import End, Link, Pipe

BLACKHOLE: Final = "blackhole"
"""A name that takes every SYN and answers none: what a connect timer is for."""
_LOOPBACK: Final = "127.0.0.1"
_LOOPBACKS: Final = ("127.0.0.1", "localhost", "::1")
_WILDCARDS: Final = (None, "", "0.0.0.0", "::")
_FIRST_CLIENT_PORT: Final = 49_152
_FIRST_SERVER_PORT: Final = 40_000
_NO_DELAY: Final = Link()

type Factory = Callable[[], asyncio.BaseProtocol]


class Kind(Enum):
    """What moved: CONNECT as the server's kernel sees it, the rest as it leaves its sender's kernel."""

    CONNECT = "connect"
    REFUSED = "refused"
    DATA = "data"
    FIN = "fin"
    RST = "rst"


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """One thing on the wire: `at` in microseconds, connections counted from 1, host names."""

    at: int
    connection: int
    source: str
    target: str
    kind: Kind
    data: bytes = b""


_KINDS: Final = {End.FIN: Kind.FIN, End.RST: Kind.RST}


class Network:
    """Hosts and what connects them. `main` is the host of whoever runs the simulation."""

    def __init__(self, loop: SimLoop) -> None:
        self._loop = loop
        self._hosts: dict[str, Host] = {}
        self._addresses: dict[str, str] = {}
        self._links: dict[tuple[str, str], Link] = {}
        self._servers: dict[tuple[str, int], MemoryServer] = {}
        self._observers: list[Callable[[Movement], None]] = []
        self._connections = count(1)
        self._client_ports = count(_FIRST_CLIENT_PORT)
        self.main = self.host("main")

    def host(self, name: str) -> Host:
        """The living host `name`; a new one with the same address if there is none, or if it was killed."""
        known = self._hosts.get(name)
        if known is not None and known.state is not HostState.DEAD:
            return known
        address = self._addresses.setdefault(name, f"10.0.0.{len(self._addresses) + 1}")
        fresh = self._hosts[name] = Host(name, address, self._loop)
        return fresh

    def hosts(self) -> Iterator[Host]:
        """Every host, the dead that were not replaced too, in the order they were first named."""
        return iter(self._hosts.values())

    def link(self, source: str, target: str, link: Link) -> None:
        """Give new connections from host `source` to host `target` this `link`, in that direction only."""
        self._links[source, target] = link

    def observe(self, callback: Callable[[Movement], None]) -> None:
        """Call back with every movement from now on, at the moment it happens."""
        self._observers.append(callback)

    def _report(self, number: int, source: str, target: str, what: Kind | End | bytes) -> None:
        if not self._observers:
            return
        kind, data = Kind.DATA, b""
        if isinstance(what, bytes):
            data = what
        else:
            kind = _KINDS[what] if isinstance(what, End) else what
        movement = Movement(
            at=self._loop.now, connection=number, source=source, target=target, kind=kind, data=data
        )
        for observer in self._observers:
            observer(movement)

    # ---- names

    def resolve(self, host: str | bytes | None) -> str | None:
        """The address of an in-memory name, None if it is not one."""
        if isinstance(host, bytes):
            host = host.decode("ascii", "replace")
        if host in _LOOPBACKS:
            return _LOOPBACK
        if host in self._addresses:
            return self._addresses[host]
        return host if host in self._addresses.values() else None

    def _address(self, host: str) -> str:
        address = self.resolve(host)
        if address is None:
            known = ", ".join(self._addresses)
            error = foreign_io(f"a connection to '{host}', no host of this simulation (known: {known})")
            self._loop.report_refusal(error)
            raise error
        return address

    # ---- listening

    def listen(
        self, factory: Factory, host: str | Sequence[str] | None, port: int, *, serve: bool
    ) -> MemoryServer:
        """Bind `port` of the current host; 0 takes the next free one from 40000."""
        owner = current_host() or self.main
        names = [host] if host is None or isinstance(host, str) else list(host)
        addresses: list[str] = []
        for name in names:
            addresses += [_LOOPBACK, owner.address] if name in _WILDCARDS else [self._own(owner, str(name))]
        port = port or self._free_port(addresses)
        bound = tuple((address, port) for address in addresses)
        for each in bound:
            if each in self._servers:
                raise OSError(98, f"host {owner.name} can't bind {each!r}: address already in use")
        server = MemoryServer(self._loop, owner, owner.context(), factory, bound, unregister=self._unregister)
        self._servers.update(dict.fromkeys(bound, server))
        if serve:
            server.open()
        return server

    def _own(self, owner: Host, name: str) -> str:
        address = self._address(name)
        if address not in (_LOOPBACK, owner.address):
            raise OSError(99, f"host {owner.name} can't bind '{name}': cannot assign requested address")
        return address

    def _free_port(self, addresses: Sequence[str]) -> int:
        ports = count(_FIRST_SERVER_PORT)
        return next(port for port in ports if all((each, port) not in self._servers for each in addresses))

    def _unregister(self, server: MemoryServer) -> None:
        for each in server.addresses:
            if self._servers.get(each) is server:
                del self._servers[each]

    # ---- connecting

    async def connect(
        self, factory: Factory, host: str, port: int
    ) -> tuple[MemoryTransport, asyncio.BaseProtocol]:
        """Connect the current host to `host`:`port`. Raises ConnectionRefusedError when nobody listens."""
        source = current_host() or self.main
        if host == BLACKHOLE:
            await self._loop.create_future()
        address = self._address(host)
        target = self._host_at(address, port) or source
        there = self._links.get((source.name, target.name), _NO_DELAY)
        back = self._links.get((target.name, source.name), _NO_DELAY)
        await self._travel(there.latency)
        number = next(self._connections)
        server = self._servers.get((address, port))
        if server is None or not server.is_serving():
            await self._travel(back.latency)
            self._report(number, target.name, source.name, Kind.REFUSED)
            raise ConnectionRefusedError(111, f"Connect call failed {(host, port)!r}")
        near, far = self._pair(number, source, server, (address, port), (there, back))
        self._report(number, source.name, target.name, Kind.CONNECT)
        self._loop.call_soon(server.accept, far, context=far.context)
        try:
            await self._travel(back.latency)
        except asyncio.CancelledError:
            near.abort()
            raise
        protocol = factory()
        near.connect(protocol)
        return near, protocol

    async def _travel(self, latency: int) -> None:
        if not latency:
            await asyncio.sleep(0)
            return
        arrived = self._loop.create_future()
        self._loop.call_at_us(self._loop.now + latency, _arrive, arrived)
        await arrived

    def _host_at(self, address: str, port: int) -> Host | None:
        server = self._servers.get((address, port))
        if server is not None:
            return server.host
        return next((host for host in self._hosts.values() if host.address == address), None)

    def _pair(
        self, number: int, source: Host, server: MemoryServer, name: tuple[str, int], links: tuple[Link, Link]
    ) -> tuple[MemoryTransport, MemoryTransport]:
        address = _LOOPBACK if name[0] == _LOOPBACK else source.address
        client = (address, next(self._client_ports))
        outward, homeward = (Pipe(self._loop, link) for link in links)
        near = self._end(number, source, server.host, FakeSocket(client, name))
        far = self._end(number, server.host, source, FakeSocket(name, client))
        near.attach(outward, homeward, source.context())
        far.attach(homeward, outward, server.context.copy())
        return near, far

    def _end(self, number: int, host: Host, peer: Host, sock: FakeSocket) -> MemoryTransport:
        def report(what: End | bytes) -> None:
            self._report(number, host.name, peer.name, what)

        return MemoryTransport(self._loop, host, sock, report, number)

    # ---- the end

    def open_transports(self) -> list[MemoryTransport]:
        """Every end that living hosts still hold."""
        sockets = [each for host in self._hosts.values() for each in host.sockets]
        return [each for each in sockets if isinstance(each, MemoryTransport)]

    def forget(self) -> None:
        """The run is over: nothing is told or sent any more."""
        self._observers.clear()
        for transport in self.open_transports():
            transport.forget()


def _arrive(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def address_info(address: str, port: int) -> tuple[int, int, int, str, tuple[str, int]]:
    """One row as `getaddrinfo` gives it."""
    return (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port))
