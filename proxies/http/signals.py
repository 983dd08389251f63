"""The edge's own commands and events, beside mitmproxy's.

mitmproxy's layers pass commands they don't know up unchanged, to `ClientConnection`. Data, without behaviour.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from mitmproxy import http
from mitmproxy.connection import Connection, Server
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.layers.http._base import HttpCommand, HttpEvent
from mitmproxy.proxy.layers.http._events import ResponseHeaders

from firstbyte.harness.model.profile import Cause, CloseKind, Ending
from firstbyte.proxies.http.connections import OriginConnection
from firstbyte.proxies.rules.orders import HeldRequest


@dataclass(eq=False)
class SetAlarm(commands.Command):
    """Wake one stream at a time of the run's clock. at: microseconds; None = no longer."""

    stream_id: int
    at: int | None


class Flush(commands.Command):
    """What there is for the client goes out before anything else is done."""


class ParkConnection(commands.ConnectionCommand):
    """The exchange on this origin connection is over and it can carry another one."""


class ResetConnection(commands.ConnectionCommand):
    """Close with a TCP RST."""


class LingerClose(commands.ConnectionCommand):
    """Send FIN, then read and drop what still comes, so that what was sent isn't lost to a RST."""


@dataclass(eq=False)
class HoldReading(commands.ConnectionCommand):
    """Stop or go on reading from a peer."""

    connection: Connection
    hold: bool


@dataclass(eq=False)
class KeepHeld(commands.Command):
    """Held mode: register a request, so that orders for it find their way back."""

    stream_id: int
    number: int
    describe: Callable[[], HeldRequest]


@dataclass(eq=False)
class OpenOrigin(commands.OpenConnection):
    """Open a connection to the upstream, or take one from the pool unless it has to be fresh.

    Never blocks a layer: its timers have to run on.
    """

    blocking = False
    connection: Server
    fresh: bool


@dataclass
class OriginOpened(events.Event):
    """The answer to OpenOrigin. error: '' | refused | timeout | unreachable."""

    command: OpenOrigin
    error: str
    reused: bool


@dataclass
class PeerClosed(events.ConnectionClosed):
    """A peer's connection has ended, and how."""

    how: CloseKind


class Room(Enum):
    """How writing to a connection goes."""

    FULL = auto()  # bytes wait
    MOVED = auto()  # some of them have gone, others wait
    FREE = auto()  # none wait any more


@dataclass
class RoomChanged(events.ConnectionEvent):
    """What a connection to the origin takes has changed."""

    room: Room


@dataclass
class AlarmRang(events.Event):
    """A SetAlarm has come due."""

    stream_id: int


@dataclass
class Order(events.Event):
    """Held mode: somebody said what becomes of a request."""

    stream_id: int
    expire: bool


@dataclass(eq=False)
class AskOrigin(HttpCommand):
    """A stream wants a connection to the origin."""

    stream_id: int
    fresh: bool


@dataclass(eq=False)
class LeaveOrigin(HttpCommand):
    """A stream is done with its origin connection, or with waiting for one, before the connection is."""

    stream_id: int
    connection: Connection | None
    how: CloseKind


@dataclass
class OriginReady(HttpEvent):
    """The stream's connection to the origin is open."""

    connection: OriginConnection
    reused: bool


@dataclass
class OriginUnreachable(HttpEvent):
    """There is no connection to the origin."""

    reason: str


@dataclass
class OriginRead(HttpEvent):
    """Bytes have come from the origin and are about to be parsed. header_bytes: how many of them are head."""

    size: int
    header_bytes: int


@dataclass
class OriginRoom(HttpEvent):
    """The origin takes no more of the request, or more again."""

    room: Room


@dataclass
class InterimReceived(HttpEvent):
    """A complete 1xx other than 101."""

    response: http.Response


@dataclass
class OriginBroke(HttpEvent):
    """The origin's answer can't be completed. partial: some bytes of its head came. detail: for people."""

    cause: Cause
    partial: bool
    detail: str


@dataclass
class InterimHeaders(ResponseHeaders):
    """To the client's side: a 1xx that is not the answer."""


@dataclass
class BreakOff(HttpEvent):
    """To the client's side: end this answer, broken as asked. http2: an RST_STREAM code name or 'clean'."""

    http1: Ending
    http2: str


@dataclass
class FinishAndClose(HttpEvent):
    """To the client's side: the answer is complete; close the connection, the upload never ended."""
