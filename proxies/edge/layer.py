"""One client connection of an edge: its streams, its origin connections, and which event belongs to whom.

Extends mitmproxy's HttpLayer for one upstream: a stream asks for a connection and goes on, so that its
timers run while it connects. Each origin connection carries one exchange and then goes back to the pool.
"""

from mitmproxy.connection import Connection, ConnectionState
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import CommandGenerator, Layer
from mitmproxy.proxy.layers.http import DropStream, HttpLayer, HTTPMode, HttpStream, SendHttp
from mitmproxy.proxy.layers.http._base import HttpEvent, ReceiveHttp
from mitmproxy.proxy.layers.http._events import RequestHeaders, RequestProtocolError

from firstbyte.harness.model.profile import CloseKind
from firstbyte.proxies.edge.shared import SharedEdge
from firstbyte.proxies.edge.stream import EdgeStream
from firstbyte.proxies.http import signals
from firstbyte.proxies.http.connections import OriginConnection
from firstbyte.proxies.http.http1_client import EdgeHttp1Client
from firstbyte.proxies.http.http1_server import EdgeHttp1Server
from firstbyte.proxies.http.http2_server import EdgeHttp2Server

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


class EdgeLayer(HttpLayer):
    """The layer of one `ClientConnection`. edge: what all connections of one edge share."""

    def __init__(self, context: Context, edge: SharedEdge) -> None:
        # Not mitmproxy's: an event is never kept waiting here.
        self.context = context
        self.mode = HTTPMode.transparent
        self.streams = {}
        self.connections = {}
        self.command_sources = {}
        self._edge = edge
        self._opening: dict[Connection, int] = {}
        self._has_heard = False

    def __repr__(self) -> str:
        return f"<EdgeLayer {len(self.streams)} streams, {len(self.connections)} connections>"

    def _handle_event(self, event: events.Event) -> CommandGenerator[None]:
        match event:
            case events.ConnectionEvent():
                return self._of_a_connection(event)
            case signals.OriginOpened():
                return self._origin_opened(event)
            case signals.AlarmRang() | signals.Order():
                stream = self.streams.get(event.stream_id)
                return _nothing() if stream is None else self.event_to_child(stream, event)
            case events.CommandCompleted():
                source = self.command_sources.pop(event.command, None)
                return _nothing() if source is None else self.event_to_child(source, event)
            case events.Start():
                return self._start(event)
        return _nothing()

    #: Nothing below it makes this layer wait: a hook makes its own stream wait.
    handle_event = _handle_event

    def _of_a_connection(self, event: events.ConnectionEvent) -> CommandGenerator[None]:
        client = self.context.client
        if not self._has_heard and event.connection is client:
            yield from self._speak_http2_if_asked(event)
        handler = self.connections.get(event.connection)
        if handler is not None:
            yield from self.event_to_child(handler, event)
        if isinstance(event, events.ConnectionClosed):
            self.connections.pop(event.connection, None)
        if event.connection is client and client.state is ConnectionState.CLOSED:
            yield from self._clean_up()

    def _start(self, event: events.Start) -> CommandGenerator[None]:
        context = self.context.fork()
        server = (
            EdgeHttp2Server(context)
            if self.context.client.alpn == b"h2"
            else EdgeHttp1Server(context, self._edge.config.max_header_bytes)
        )
        self.connections[self.context.client] = server
        yield from self.event_to_child(server, event)

    def _speak_http2_if_asked(self, event: events.ConnectionEvent) -> CommandGenerator[None]:
        """Prior knowledge, RFC 9113 3.3: a client that speaks HTTP/2 without TLS begins with its preface."""
        client = self.context.client
        if not isinstance(event, events.DataReceived):
            return
        self._has_heard = True
        if client.alpn != b"h2" and event.data.startswith(PREFACE):
            client.alpn = b"h2"
            server = self.connections[client] = EdgeHttp2Server(self.context.fork())
            yield from self.event_to_child(server, events.Start())

    def event_to_child(self, child: Layer | HttpStream, event: events.Event) -> CommandGenerator[None]:
        """Give a child an event, and see to what it wants."""
        for command in child.handle_event(event):
            # Thirty for each exchange: a class pattern costs several times a look at the type.
            if type(command) is commands.SendData or type(command) is signals.SetAlarm:
                yield command
            elif type(command) is ReceiveHttp:
                stream = self._listening(child, command.event)
                if stream is not None:
                    yield from self.event_to_child(stream, command.event)
            elif type(command) is SendHttp:
                connection = self.connections.get(command.connection)
                if connection is not None:
                    yield from self.event_to_child(connection, command.event)
            else:
                yield from self._carry_out(child, command)

    def _carry_out(self, child: Layer | HttpStream, command: commands.Command) -> CommandGenerator[None]:
        if command.blocking:
            self.command_sources[command] = child
        match command:
            case signals.HoldReading() if isinstance(child, EdgeHttp2Server):
                for connection in self.connections:
                    if connection is not self.context.client:
                        yield signals.HoldReading(connection, command.hold)
            case signals.AskOrigin():
                upstream = self._edge.config.upstream
                server = OriginConnection(address=(upstream.host, upstream.port))
                self._opening[server] = command.stream_id
                yield signals.OpenOrigin(server, fresh=command.fresh)
            case signals.LeaveOrigin():
                yield from self._leave_origin(command)
            case DropStream():
                self.streams.pop(command.stream_id, None)
            case signals.ParkConnection():
                self.connections.pop(command.connection, None)
                yield command
            case _:
                yield command

    def _listening(self, child: Layer | HttpStream, event: HttpEvent) -> HttpStream | None:
        # After a timer has fired, or the request was sent again, nobody listens to the old connection.
        if type(child) is EdgeHttp1Client and child.abandoned:
            return None
        if type(event) is RequestHeaders:
            self.streams[event.stream_id] = EdgeStream(self.context.fork(), event.stream_id, self._edge)
        return self.streams.get(event.stream_id)

    # ---- origin connections

    def _origin_opened(self, event: signals.OriginOpened) -> CommandGenerator[None]:
        server = event.command.connection
        assert isinstance(server, OriginConnection)
        stream_id = self._opening.pop(server, None)
        stream = None if stream_id is None else self.streams.get(stream_id)
        if stream is None or stream_id is None:
            if not event.error:
                yield commands.CloseConnection(server)
            return
        if event.error:
            yield from self.event_to_child(stream, signals.OriginUnreachable(stream_id, event.error))
            return
        client = EdgeHttp1Client(self.context, server, stream_id, self._edge.profile)
        client.takes_as_final = self._edge.final_interims
        self.connections[server] = client
        yield from self.event_to_child(stream, signals.OriginReady(stream_id, server, event.reused))

    def _leave_origin(self, command: signals.LeaveOrigin) -> CommandGenerator[None]:
        if command.connection is None:  # it is not there yet: give up to open it
            for server, waiting in list(self._opening.items()):
                if waiting == command.stream_id:
                    del self._opening[server]
                    yield commands.CloseConnection(server)
            return
        client = self.connections.get(command.connection)
        if isinstance(client, EdgeHttp1Client):
            client.abandoned = True
            client.reusable = False
        match command.how:
            case CloseKind.NOTHING:
                return
            case CloseKind.RST:
                yield signals.ResetConnection(command.connection)
            case CloseKind.FIN:
                yield commands.CloseConnection(command.connection)
        self.connections.pop(command.connection, None)

    def _clean_up(self) -> CommandGenerator[None]:
        """The client is gone: streams its connection class did not know of any more hear of it too."""
        for stream_id, stream in list(self.streams.items()):
            if isinstance(stream, EdgeStream) and not stream.client_left:
                yield from self.event_to_child(
                    stream, RequestProtocolError(stream_id, "client left", RequestProtocolError.code)
                )


def _nothing() -> CommandGenerator[None]:
    yield from ()
