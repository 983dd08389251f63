"""One transport of an edge: a client's or the origin's, as an asyncio protocol.

Turns callbacks into mitmproxy events and carries out what is asked of the socket. It decides nothing.
"""

import asyncio
import socket
import struct
from collections import deque
from dataclasses import dataclass, field

from mitmproxy.connection import Connection, ConnectionState
from mitmproxy.proxy import events

from firstbyte.harness.model.profile import CloseKind
from firstbyte.proxies.http.signals import PeerClosed

#: Seconds a closed connection is still read from, so that what was sent last isn't lost to a RST. nginx:
#: lingering_timeout.
LINGER = 2.0
#: Bytes written to an origin at once, when it takes less than it is given.
PIECE = 16_384
_RST_ON_CLOSE = struct.pack("ii", 1, 0)


class Owner:
    """Who has a transport at the moment: a client connection, or the pool. Nothing happens by default."""

    __slots__ = ()

    def deliver(self, event: events.Event) -> None:
        """Take an event of this wire's connection."""

    def made(self, wire: "EdgeTransport") -> None:
        """The wire is connected."""

    def lost(self, wire: "EdgeTransport") -> None:
        """The wire is gone for good."""

    def is_full(self, wire: "EdgeTransport", full: bool) -> None:
        """The wire's write buffer is full, or has room again."""

    def has_moved(self, wire: "EdgeTransport") -> None:
        """A full wire in pieces has written one more of them."""


@dataclass(eq=False)
class EdgeTransport(asyncio.Protocol):
    """A connection's transport. `owner` changes when an origin connection goes to the pool and back."""

    owner: Owner
    connection: Connection
    transport: asyncio.Transport = field(init=False)
    full: bool = False
    _in_pieces: bool = False
    _pieces: deque[memoryview] | None = None
    _is_stuck: bool = False
    _closing: bool = False
    _ended: bool = False
    _holds: int = 0
    _linger: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<EdgeTransport {self.connection.peername}{' closing' if self._closing else ''}>"

    # ---- from the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.connection.state = ConnectionState.OPEN
        self.owner.made(self)

    def data_received(self, data: bytes) -> None:
        if not self._closing:
            self.owner.deliver(events.DataReceived(self.connection, data))

    def eof_received(self) -> bool:
        """A FIN. Returns True: the transport stays open until the edge closes it."""
        if self._closing:
            self.transport.close()
        else:
            self._peer_closed(CloseKind.FIN)
        # A TLS transport can't be half open and closes itself.
        return self.transport.get_extra_info("ssl_object") is None

    def connection_lost(self, exc: Exception | None) -> None:
        if self._linger is not None:
            self._linger.cancel()
        if not self._closing:
            self._peer_closed(CloseKind.RST if exc is not None else CloseKind.FIN)
        self._closing = True
        self.connection.state = ConnectionState.CLOSED
        self.owner.lost(self)

    def _peer_closed(self, how: CloseKind) -> None:
        if not self._ended:
            self._ended = True
            self.connection.state &= ~ConnectionState.CAN_READ
            self.owner.deliver(PeerClosed(self.connection, how))

    def pause_writing(self) -> None:
        self._is_stuck = True
        if not self.full:
            self.full = True
            self.owner.is_full(self, full=True)

    def resume_writing(self) -> None:
        self._is_stuck = False
        self._write_pieces()
        if self._is_stuck:
            self.owner.has_moved(self)
        else:
            self.full = False
            self.owner.is_full(self, full=False)

    # ---- from the edge

    @property
    def is_usable(self) -> bool:
        """Whether nothing has been closed on either side."""
        return not (self._closing or self._ended or self.transport.is_closing())

    def write_in_pieces(self) -> None:
        """Notice each byte that the peer does not take: an origin that reads slowly stops timers."""
        self._in_pieces = True
        self.transport.set_write_buffer_limits(high=0)

    def write(self, data: bytes) -> None:
        """Send, unless it is closed."""
        if self._closing or self.transport.is_closing():
            return
        if not self._in_pieces or (len(data) <= PIECE and not self._pieces):
            self.transport.write(data)
        else:
            view = memoryview(data)
            self._pieces = self._pieces or deque()
            self._pieces.extend(view[at : at + PIECE] for at in range(0, len(data), PIECE))
            self._write_pieces()

    def _write_pieces(self) -> None:
        while self._pieces and not self._is_stuck:
            self.transport.write(self._pieces.popleft())

    def hold_reading(self, hold: bool) -> None:
        """Stop or go on reading; holds add up."""
        before = self._holds
        self._holds = max(0, before + (1 if hold else -1))
        if self._closing or (before > 0) == (self._holds > 0):
            return
        if self._holds:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def hand_over(self, owner: Owner, connection: Connection | None = None) -> None:
        """Belong to somebody else, for whom it is this connection.

        Who kept it from reading has no say any more: it reads again.
        """
        self.owner = owner
        if connection is not None:
            connection.peername, connection.sockname = self.connection.peername, self.connection.sockname
            connection.state = ConnectionState.OPEN
            self.connection = connection
        if self._holds:
            self._holds = 0
            if not self._closing:
                self.transport.resume_reading()

    def close(self) -> None:
        """Send what is left, then FIN. What an origin has not taken so far it does not get."""
        self._begin_closing()
        if self._in_pieces and self.full:
            self._pieces = None
            self.transport.abort()
        else:
            self.transport.close()

    def reset(self) -> None:
        """RST. asyncio's abort() alone sends a FIN."""
        self._begin_closing()
        sock = self.transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST_ON_CLOSE)
        self.transport.abort()

    def linger(self) -> None:
        """Send what is left and FIN, drop what comes, close when the peer does or after a while."""
        if self._closing or self._ended or not self.transport.can_write_eof():
            self.close()
            return
        self._begin_closing()
        if self._holds:
            self.transport.resume_reading()
        self.transport.write_eof()
        self._linger = asyncio.get_running_loop().call_later(LINGER, self.transport.close)

    def _begin_closing(self) -> None:
        self._closing = True
        self.connection.state = ConnectionState.CLOSED
