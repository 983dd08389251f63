"""One end of an in-memory TCP connection, with the manners of asyncio's socket transport on Linux.

Same calls, same order of callbacks, same errors; tests run one body over both. It must never run code of its
protocol from within a call of that protocol, nor of the peer.
"""

import asyncio
import socket
import struct
from asyncio import transports
from collections import deque
from collections.abc import Callable, Iterable
from contextvars import Context
from typing import Final

from firstbyte.harness.sim.hosts import Host, HostState
from firstbyte.harness.sim.loop import SimLoop
from firstbyte.harness.sim.wire import End, Pipe

_LINGER: Final = struct.Struct("ii")
type Chunk = bytes | bytearray | memoryview


class FakeSocket:
    """What `get_extra_info("socket")` gives: names and options, no file descriptor."""

    family = socket.AF_INET
    type = socket.SOCK_STREAM
    proto = socket.IPPROTO_TCP

    def __init__(self, sockname: tuple[str, int], peername: tuple[str, int] | None = None) -> None:
        self._sockname = sockname
        self._peername = peername
        self._options: dict[tuple[int, int], int | bytes] = {}

    def getsockname(self) -> tuple[str, int]:
        return self._sockname

    def getpeername(self) -> tuple[str, int]:
        if self._peername is None:
            raise OSError(107, "Transport endpoint is not connected")
        return self._peername

    def fileno(self) -> int:
        """-1: there is no descriptor to use behind the simulation's back."""
        return -1

    def setsockopt(self, level: int, option: int, value: int | bytes) -> None:
        self._options[level, option] = value

    def getsockopt(self, level: int, option: int, _length: int = 0) -> int | bytes:
        return self._options.get((level, option), 0)

    def is_reset_on_close(self) -> bool:
        """Whether SO_LINGER(1, 0) was set: closing then sends RST instead of FIN."""
        value = self._options.get((socket.SOL_SOCKET, socket.SO_LINGER))
        return isinstance(value, bytes) and len(value) == _LINGER.size and _LINGER.unpack(value) == (1, 0)


class MemoryTransport(transports._FlowControlMixin):
    """The end on `host` of connection `number`. `report` gets what it puts on the wire."""

    def __init__(
        self,
        loop: SimLoop,
        host: Host,
        sock: FakeSocket,
        report: Callable[[End | bytes], None],
        number: int,
    ) -> None:
        extra = {"socket": sock, "sockname": sock.getsockname(), "peername": sock.getpeername()}
        super().__init__(extra, loop)
        self.host = host
        self.number = number
        self.on_closed: Callable[[MemoryTransport], None] | None = None
        self._sim = loop
        self._sock = sock
        self._report = report
        self._protocol: asyncio.BaseProtocol | None = None
        self._backlog: deque[bytes] = deque()
        self._backlog_size = 0
        self._lost = False
        self._closing = False
        self._open = True
        self._paused = False
        self._connected = False
        self._eof_sent = False
        self._eof_seen = False
        self._fin_sent = False
        self._broken = False

    def attach(self, outgoing: Pipe, incoming: Pipe, context: Context) -> None:
        """Plug in both directions, before anything else. Callbacks run in `context`."""
        self.context = context
        self._out, self._in = outgoing, incoming
        outgoing.sender = self
        incoming.receiver = self
        self.host.sockets[self] = None

    def connect(self, protocol: asyncio.BaseProtocol) -> None:
        """Hand the connection to `protocol` and start reading."""
        self._protocol = protocol
        protocol.connection_made(self)
        self._connected = True
        self._in.arm()

    def __repr__(self) -> str:
        state = "closed" if not self._open else "closing" if self._closing else "open"
        names = self._sock.getsockname(), self._sock.getpeername()
        here, there = (f"{address}:{port}" for address, port in names)
        left = f"{self._in.pending()} B to read, {self._backlog_size} B to send"
        return f"<connection {self.number}, {self.host.name}'s end {here} to {there}, {state}, {left}>"

    # ---- asyncio.BaseTransport

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        assert self._protocol is not None, f"{self!r} has lost its protocol"
        return self._protocol

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        """Send what is left, then FIN."""
        if self._closing:
            return
        self._closing = True
        if not self._backlog:
            self._lost = True
            self._call_lost_soon(None)

    def abort(self) -> None:
        """Drop what is left, then FIN, or RST with SO_LINGER(1, 0) or unread bytes: as the kernel does."""
        self._force_close(None)

    def reset(self) -> None:
        """Drop what is left, then RST."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER.pack(1, 0))
        self.abort()

    # ---- asyncio.ReadTransport

    def is_reading(self) -> bool:
        return self._connected and not (self._closing or self._paused or self._eof_seen)

    def pause_reading(self) -> None:
        if not self._closing:
            self._paused = True

    def resume_reading(self) -> None:
        if self._paused and not self._closing:
            self._paused = False
            self._in.arm()

    # ---- asyncio.WriteTransport

    def get_write_buffer_size(self) -> int:
        return self._backlog_size

    def can_write_eof(self) -> bool:
        return True

    def write(self, data: Chunk) -> None:
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"data argument must be a bytes-like object, not {type(data).__name__!r}")
        if self._eof_sent:
            raise RuntimeError("Cannot call write() after write_eof()")
        if not data or self._lost:
            return
        rest = bytes(data)
        if not self._backlog:
            rest = self._send(rest)
            if not rest or self._lost:
                return
        self._backlog.append(rest)
        self._backlog_size += len(rest)
        self._maybe_pause_protocol()  # type: ignore[attr-defined]  # the mixin's, missing from the stubs
        self._out.wake_sender_if_room()

    def writelines(self, list_of_data: Iterable[Chunk]) -> None:
        self.write(b"".join(list_of_data))

    def write_eof(self) -> None:
        if self._closing or self._eof_sent:
            return
        self._eof_sent = True
        if self.host.state is HostState.FROZEN:
            self._out.wake_sender_if_room()
        elif not self._backlog:
            self._finish(End.FIN)

    def _send(self, data: bytes) -> bytes:
        """Give the kernel what it takes and return the rest."""
        if self.host.state is not HostState.RUNNING:
            return data if self.host.state is HostState.FROZEN else b""
        if self._in.was_reset():
            self._broken = True
            self._force_close(BrokenPipeError(32, "Broken pipe") if self._eof_seen else _reset_by_peer())
            return b""
        room = self._out.room()
        if room <= 0:
            return data
        taken = data if len(data) <= room else data[:room]
        self._report(taken)
        self._out.put(taken)
        return data[len(taken) :]

    # ---- what the pipes call

    def is_open(self) -> bool:
        """Whether the socket exists; its process may be frozen or closing it."""
        return self._open

    def is_backed_up(self) -> bool:
        return bool(self._backlog) or (self._eof_sent and not self._fin_sent)

    def flush(self) -> None:
        """Write on: the kernel has room again, or the host has thawed."""
        while self._backlog and not self._lost:
            first = self._backlog.popleft()
            rest = self._send(first)
            self._backlog_size -= len(first) - len(rest)
            if rest:
                self._backlog.appendleft(rest)
                break
        if self._lost:
            return
        self._maybe_resume_protocol()  # type: ignore[attr-defined]  # the mixin's, missing from the stubs
        if self._backlog:
            return
        if self._closing:
            self._lost = True
            self._call_connection_lost(None)
        elif self._eof_sent and not self._fin_sent:
            self._finish(End.FIN)

    def on_data(self, data: bytes) -> None:
        protocol = self._protocol
        if isinstance(protocol, asyncio.BufferedProtocol):
            self._guarded(_fill, protocol, data)
        else:
            self._guarded(protocol.data_received, data)  # type: ignore[union-attr]  # a stream protocol, as promised

    def on_fin(self) -> None:
        self._eof_seen = True
        if not self._guarded(self._protocol.eof_received):  # type: ignore[union-attr]  # a stream protocol, as promised
            self.close()

    def _guarded(self, callback: Callable[..., object], *args: object) -> object:
        """A protocol that raises loses its connection, and the run is told: as asyncio's transports do."""
        try:
            return callback(*args)
        except Exception as error:  # noqa: BLE001  # not swallowed: the run is told, and ends with Unhandled
            self._sim.call_exception_handler(
                {"message": f"protocol failed on {self!r}", "exception": error, "transport": self}
            )
            self._force_close(error)
            return True

    def on_reset(self) -> None:
        self._broken = True
        self._force_close(_reset_by_peer())

    def answer_reset(self) -> None:
        """Bytes have come for a socket that is closed."""
        self._report(End.RST)
        self._out.end(End.RST)

    # ---- closing

    def _force_close(self, error: Exception | None) -> None:
        if self._lost:
            return
        self._backlog.clear()
        self._backlog_size = 0
        self._closing = True
        self._lost = True
        self._call_lost_soon(error)

    def _call_lost_soon(self, error: Exception | None) -> None:
        self._sim.call_soon(self._call_connection_lost, error)

    def _call_connection_lost(self, error: Exception | None) -> None:
        try:
            if self._protocol is not None:
                self._protocol.connection_lost(error)
        finally:
            self.host.sockets.pop(self, None)
            self._shut()
            self._protocol = None

    def kernel_close(self) -> None:
        """The process was killed: no callback, and what it had not given to the kernel is lost."""
        self._backlog.clear()
        self._lost = self._closing = True
        self._shut()
        self._in.rearm()

    def _shut(self) -> None:
        if not self._open:
            return
        is_reset = self._sock.is_reset_on_close() or self._in.unread() > 0
        self._open = False
        if self.on_closed is not None:
            self.on_closed(self)
        if self._broken:
            return
        if is_reset:
            self._finish(End.RST)
        elif not self._fin_sent:
            self._finish(End.FIN)
        self._in.arm()

    def _finish(self, how: End) -> None:
        self._fin_sent = True
        self._report(how)
        self._out.end(how)

    def forget(self) -> None:
        """The simulation is over: be closed, say nothing."""
        self._open = False
        self._lost = self._closing = True


def _reset_by_peer() -> ConnectionResetError:
    return ConnectionResetError(104, "Connection reset by peer")


def _fill(protocol: asyncio.BufferedProtocol, data: bytes) -> None:
    while data:
        buffer = memoryview(protocol.get_buffer(-1)).cast("B")
        count = min(len(buffer), len(data))
        if not count:
            raise RuntimeError("get_buffer() returned an empty buffer")
        buffer[:count] = data[:count]
        protocol.buffer_updated(count)
        data = data[count:]
