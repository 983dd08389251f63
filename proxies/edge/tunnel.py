"""What an exchange is after a 101: bytes of another protocol, both ways, until one side ends it."""

from dataclasses import dataclass

from mitmproxy.proxy import events
from mitmproxy.proxy.commands import Command
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import CommandGenerator
from mitmproxy.proxy.layers.http import HttpStream, SendHttp
from mitmproxy.proxy.layers.http._events import (
    RequestData,
    RequestEndOfMessage,
    RequestProtocolError,
    ResponseData,
    ResponseEndOfMessage,
)

from firstbyte.harness.model.profile import Cause, CloseKind, Ending, Point, Profile
from firstbyte.harness.model.timeline import Kind
from firstbyte.proxies.edge.attempts import Attempts
from firstbyte.proxies.edge.deadlines import Deadlines
from firstbyte.proxies.edge.flow_hooks import FlowHooks
from firstbyte.proxies.edge.journal import Journal
from firstbyte.proxies.http.connections import OriginConnection
from firstbyte.proxies.http.signals import AlarmRang, BreakOff, OriginBroke

_ENDS = (RequestEndOfMessage, RequestProtocolError, ResponseEndOfMessage, OriginBroke)


@dataclass(slots=True, eq=False)
class Tunnel:
    """The two connections of an upgraded exchange."""

    _context: Context
    _stream_id: int
    _profile: Profile
    _journal: Journal
    _deadlines: Deadlines
    _attempts: Attempts
    _messages: "MessageStream | None" = None

    def __repr__(self) -> str:
        return f"<Tunnel {'read by an addon' if self._messages else 'as it comes'}>"

    def start(self, addons: FlowHooks | None) -> CommandGenerator[None]:
        """The client's 101 is complete."""
        origin = self._attempts.connection
        if addons is not None and addons.wants_messages and origin is not None:
            self._messages = MessageStream(self._context, self._stream_id, addons, origin)
            yield from self._messages.start()
        yield SendHttp(ResponseEndOfMessage(self._stream_id), self._context.client)

    def take(self, event: events.Event) -> CommandGenerator[bool]:
        """Pass an event on; returns whether it is the tunnel's end."""
        if isinstance(event, RequestData):
            self._deadlines.reach(Point.REQUEST_READ)
        elif isinstance(event, ResponseData):
            self._deadlines.reach(Point.ORIGIN_READ)
        if self._messages is None:
            yield from self._pass_on(event)
        elif not isinstance(event, AlarmRang):
            yield from self._messages.passthrough(event)
        return isinstance(event, _ENDS)

    def _pass_on(self, event: events.Event) -> CommandGenerator[None]:
        origin = self._attempts.connection
        match event:
            case RequestData() if origin is not None:
                yield SendHttp(event, origin)
            case ResponseData():
                yield SendHttp(event, self._context.client)
            case RequestEndOfMessage() | RequestProtocolError():
                yield from self._attempts.leave(CloseKind.FIN)
                yield self._close()
            case ResponseEndOfMessage() | OriginBroke():
                yield self._close()

    def cut(self) -> CommandGenerator[None]:
        """A timer has fired."""
        self._journal.record.end = "cut"
        self._journal.report(Kind.CUT, ending=str(Ending.TRUNCATE), cause=str(Cause.TIMER))
        yield from self._attempts.leave(self._profile.origin.on_expiry)
        yield self._close()

    def _close(self) -> Command:
        return SendHttp(BreakOff(self._stream_id, Ending.TRUNCATE, "CANCEL"), self._context.client)


class MessageStream(HttpStream):
    """mitmproxy's own handling of a tunnel, which shows an addon each WebSocket message."""

    def __init__(self, context: Context, stream_id: int, addons: FlowHooks, origin: OriginConnection) -> None:
        # Not mitmproxy's: this stream begins where a request has ended.
        self.context = context
        self.context.server = origin
        self.stream_id = stream_id
        self.flow = addons.flow
        self.child_layer = addons.websocket(context)

    def start(self) -> CommandGenerator[None]:
        """Begin to read messages."""
        assert self.child_layer is not None
        yield from self.child_layer.handle_event(events.Start())
