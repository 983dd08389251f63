"""Runs one client connection's layer: events in, commands out, on plain asyncio transports.

It uses callbacks instead of tasks; the only tasks are one that connects and one for each hook that an addon
listens to. It connects to nothing but the edge's upstream.
"""

import asyncio
import errno
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

from mitmproxy.connection import Connection
from mitmproxy.proxy import commands, events

from firstbyte.proxies.edge.alarms import Alarms
from firstbyte.proxies.edge.layer import EdgeLayer
from firstbyte.proxies.edge.pool import Pool
from firstbyte.proxies.edge.shared import Hooks, SharedEdge
from firstbyte.proxies.edge.transport import EdgeTransport, Owner
from firstbyte.proxies.http import signals
from firstbyte.proxies.http.connections import EdgeClient, EdgeContext, OriginConnection
from firstbyte.proxies.rules.orders import Holder
from firstbyte.shortage import is_short

logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class ClientConnection(Owner):
    """One client connection with the origin connections of its exchanges."""

    _edge: SharedEdge
    _pool: Pool
    _upstream_tls: ssl.SSLContext | None
    _gone: Callable[["ClientConnection"], None]
    _client: EdgeClient = field(default_factory=EdgeClient)
    _wires: dict[Connection, EdgeTransport] = field(default_factory=dict)
    _opening: dict[Connection, asyncio.Task[None]] = field(default_factory=dict)
    _hooks: dict[asyncio.Task[None], None] = field(default_factory=dict)
    _queue: list[events.Event] = field(default_factory=list)
    _for_client: list[bytes] = field(default_factory=list)
    _busy: bool = False
    _alarms: Alarms = field(init=False)
    _layer: EdgeLayer = field(init=False)

    def __post_init__(self) -> None:
        self._alarms = Alarms(self._edge)
        self._layer = EdgeLayer(EdgeContext(self._client, OriginConnection()), self._edge)

    def __repr__(self) -> str:
        return f"<ClientConnection {self._client.peername}, {len(self._wires)} connections, {self._layer!r}>"

    def protocol(self) -> EdgeTransport:
        """The protocol for the client's transport."""
        return EdgeTransport(self, self._client)

    # ---- from the transports

    def made(self, wire: EdgeTransport) -> None:
        """A transport is connected."""
        self._wires[wire.connection] = wire
        info = wire.transport.get_extra_info
        wire.connection.peername = info("peername")
        wire.connection.sockname = info("sockname")
        if wire.connection is not self._client:
            wire.write_in_pieces()
            return
        tls = info("ssl_object")
        if tls is not None:
            self._client.tls = True
            self._client.alpn = (tls.selected_alpn_protocol() or "http/1.1").encode()
        self.deliver(events.Start())

    def lost(self, wire: EdgeTransport) -> None:
        """A transport is gone for good. Whoever waited for it to take bytes waits no longer."""
        if wire.full:
            wire.full = False
            self.is_full(wire, full=False)
        self._wires.pop(wire.connection, None)
        self._check_gone()

    def is_full(self, wire: EdgeTransport, full: bool) -> None:
        """Back pressure: while one side can't take more, the other isn't read."""
        for other in self._wires.values():
            if (other.connection is self._client) != (wire.connection is self._client):
                other.hold_reading(full)
        if isinstance(wire.connection, OriginConnection):
            wire.connection.is_full = full
            self.deliver(
                signals.RoomChanged(wire.connection, signals.Room.FULL if full else signals.Room.FREE)
            )

    def has_moved(self, wire: EdgeTransport) -> None:
        """A piece has gone to the origin, others wait."""
        self.deliver(signals.RoomChanged(wire.connection, signals.Room.MOVED))

    def deliver(self, event: events.Event) -> None:
        """Give the layer an event; those it causes while it is busy come after it."""
        self._queue.append(event)
        if self._busy:
            return
        self._busy = True
        try:
            while self._queue:
                for command in self._layer.handle_event(self._queue.pop(0)):
                    self._carry_out(command)
                if not self._queue:
                    self._write_to_client()
        except Exception:
            # The rim: a bug of ours ends this connection, not the edge.
            logger.exception("the edge has failed on a connection of %s", self._client.peername)
            self._queue.clear()
            self._for_client.clear()
            self.abort()
        finally:
            self._busy = False
        self._check_gone()

    def _check_gone(self) -> None:
        if not self._wires and not self._opening and not self._hooks and not self._alarms and not self._busy:
            self._gone(self)

    def abort(self) -> None:
        """End everything at once; nothing more is sent."""
        for task in (*self._opening.values(), *self._hooks):
            task.cancel()
        self._alarms.cancel()
        for wire in list(self._wires.values()):
            wire.close()
            wire.transport.abort()

    # ---- commands of the layer

    def _carry_out(self, command: commands.Command) -> None:
        if type(command) is commands.SendData:
            self._send(command)
            return
        match command:
            case signals.SetAlarm():
                self._alarms.set(command, self.deliver)
            case signals.Flush():
                self._write_to_client()
            case signals.OpenOrigin():
                self._open(command)
            case commands.ConnectionCommand():
                self._on_wire(command)
            case commands.StartHook():
                self._start_hook(command)
            case commands.Log():
                logger.log(command.level, command.message)
            case signals.KeepHeld():
                self._keep_held(command)
            case _:
                raise RuntimeError(f"a client connection does not know {command!r}")

    def _send(self, command: commands.SendData) -> None:
        # What one event has for the client goes out at once, a head with its body. An origin's timers need
        # to know at once what it has taken.
        if command.connection is self._client:
            self._for_client.append(command.data)
        elif wire := self._wires.get(command.connection):
            wire.write(command.data)

    def _write_to_client(self) -> None:
        if not self._for_client:
            return
        data = self._for_client[0] if len(self._for_client) == 1 else b"".join(self._for_client)
        self._for_client.clear()
        if wire := self._wires.get(self._client):
            wire.write(data)

    def _on_wire(self, command: commands.ConnectionCommand) -> None:
        if command.connection is self._client:
            self._write_to_client()
        wire = self._wires.get(command.connection)
        if wire is None:
            task = self._opening.get(command.connection)
            if task is not None and isinstance(command, commands.CloseConnection):
                task.cancel()
            return
        match command:
            case signals.ResetConnection():
                wire.reset()
            case signals.LingerClose():
                wire.linger()
            case signals.ParkConnection():
                self._park(wire)
            case signals.HoldReading():
                wire.hold_reading(command.hold)
            case commands.CloseConnection():
                wire.close()

    def _park(self, wire: EdgeTransport) -> None:
        # Full: the answer came before its request was taken. What waits would become part of the next one.
        if wire.full or not self._edge.profile.origin.reuse:
            wire.close()
        else:
            del self._wires[wire.connection]
            self._pool.park(wire)

    def _keep_held(self, command: signals.KeepHeld) -> None:
        def order(expire: bool) -> None:
            self.deliver(signals.Order(command.stream_id, expire))

        self._edge.held.add(command.number, Holder(describe=command.describe, order=order))

    # ---- connecting

    def _open(self, command: signals.OpenOrigin) -> None:
        wire = None if command.fresh else self._pool.take()
        if wire is not None:
            wire.hand_over(self, command.connection)
            self._wires[command.connection] = wire
            self._queue.append(signals.OriginOpened(command, error="", reused=True))
            return
        task = asyncio.get_running_loop().create_task(self._connect(command))
        self._opening[command.connection] = task
        task.add_done_callback(lambda _: self._opened(command.connection))

    def _opened(self, connection: Connection) -> None:
        self._opening.pop(connection, None)
        self._check_gone()

    async def _connect(self, command: signals.OpenOrigin) -> None:
        upstream = self._edge.config.upstream
        try:
            await asyncio.get_running_loop().create_connection(
                lambda: EdgeTransport(self, command.connection),
                upstream.host,
                upstream.port,
                ssl=self._upstream_tls,
                server_hostname=upstream.host if self._upstream_tls else None,
            )
            error = ""
        except OSError as failure:
            error = _connect_error(failure)
            if is_short(failure):  # this machine's fault, whatever the product answers for it
                asyncio.get_running_loop().call_exception_handler({"message": error, "exception": failure})
        self._opening.pop(command.connection, None)
        self.deliver(signals.OriginOpened(command, error=error, reused=False))

    # ---- hooks

    def _start_hook(self, hook: commands.StartHook) -> None:
        if not self._edge.hooks.wants(hook.name):
            if hook.blocking:
                self._queue.append(events.HookCompleted(hook))
            return
        task = asyncio.get_running_loop().create_task(_run_hook(self._edge.hooks, hook, self.deliver))
        self._hooks[task] = None
        task.add_done_callback(self._hooks.pop)


async def _run_hook(hooks: Hooks, hook: commands.StartHook, deliver: Callable[[events.Event], None]) -> None:
    await hooks.run(hook)
    if hook.blocking:
        deliver(events.HookCompleted(hook))


def _connect_error(failure: OSError) -> str:
    if isinstance(failure, ConnectionRefusedError):
        return "refused"
    if isinstance(failure, TimeoutError) or failure.errno == errno.ETIMEDOUT:
        return "timeout"
    return "unreachable"
