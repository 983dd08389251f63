"""The bytes ASGI can't express: a header block held open, interim responses, a body on a 204.

A subclass of uvicorn's HTTP/1.1 protocol that hands the application a `Wire` for each request, in
scope["extensions"]["firstbyte.wire"], and that tells it when the header was sent, when the response was
complete and when the client left. Must never leave the connection in a state h11 doesn't know of: keep-
alive has to go on.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final, Protocol

import h11
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.server import ServerState

from firstbyte.reference_server.config import Seconds

EXTENSION: Final = "firstbyte.wire"

type HeaderLine = tuple[bytes, bytes]


class WireListener(Protocol):
    """Who is told what became of one response."""

    def header_sent(self, status: int) -> None:
        """The complete header block has been handed to the transport."""

    def response_completed(self, body_bytes: int) -> None:
        """The last byte has been handed to the transport; the body had that many, framing not counted."""

    def client_gone(self) -> None:
        """The connection ended before the response was complete."""


class Wire:
    """One request's way to its socket."""

    def __init__(self, protocol: "FirstbyteProtocol", cycle: RequestResponseCycle) -> None:
        self._protocol = protocol
        self._cycle = cycle
        self._listener: WireListener | None = None
        self._when_gone: list[Callable[[], None]] = []
        self._is_header_sent = False
        self._is_over = False
        self._body_bytes = 0

    def __repr__(self) -> str:
        state = (
            "over" if self._is_over else "header sent" if self._is_header_sent else "waiting for a response"
        )
        return f"<Wire {state}>"

    @property
    def is_gone(self) -> bool:
        """True when the client left before the response was complete."""
        return self._cycle.disconnected

    def listen(self, listener: WireListener) -> None:
        """Makes `listener` the one who is told; at once if the client has left already."""
        self._listener = listener
        if self.is_gone:
            listener.client_gone()

    def when_gone(self, callback: Callable[[], None]) -> None:
        """Calls `callback` if the client leaves before the response is complete; at once if it has left."""
        if self.is_gone:
            callback()
        else:
            self._when_gone.append(callback)

    def write_raw(self, data: bytes) -> None:
        """Sends these very bytes as (part of) the response."""
        if self.is_gone:
            return
        # From here on uvicorn may not send a 500 of its own: it would land in the middle of ours.
        self._cycle.response_started = True
        self._cycle.transport.write(data)

    def interim(self, status: int, headers: Sequence[HeaderLine] = ()) -> None:
        """Sends a 1xx response. Not to HTTP/1.0 clients, which can't take one (RFC 9110 15.2)."""
        if self.is_gone or self._cycle.scope["http_version"] == "1.0":
            return
        reason = b"Processing" if status == 102 else b"Interim"
        event = h11.InformationalResponse(status_code=status, headers=list(headers), reason=reason)
        self._cycle.transport.write(self._cycle.conn.send(event))

    def finish_raw(self, data: bytes, status: int, body_bytes: int = 0) -> None:
        """Sends the last bytes of a raw response and makes the connection ready for the next request.

        `body_bytes` is how long the body in all these bytes is.
        """
        if self.is_gone:
            return
        self.write_raw(data)
        self._header_sent(status)
        self._body_bytes = body_bytes
        cycle = self._cycle
        # h11 frames nothing here; it only has to see a response go by so that its state stays true.
        cycle.conn.send(h11.Response(status_code=204, headers=[]))
        cycle.conn.send(h11.EndOfMessage())
        cycle.response_complete = True
        cycle.message_event.set()
        self._completed()
        if cycle.conn.our_state is h11.MUST_CLOSE or not cycle.keep_alive:
            cycle.conn.send(h11.ConnectionClosed())
            cycle.transport.close()
        cycle.on_response()

    async def send(self, message: Message) -> None:
        """uvicorn's own `send`, with the two facts reported."""
        was_gone = self.is_gone
        await self._cycle.send(message)  # type: ignore[arg-type]  # starlette and uvicorn type ASGI messages apart
        if was_gone or self.is_gone:
            return
        if message["type"] == "http.response.start":
            self._header_sent(message["status"])
            return
        self._body_bytes += len(message.get("body", b""))
        if not message.get("more_body", False):
            self._completed()

    def connection_ended(self) -> None:
        """The protocol's report that there is no connection any more."""
        if self._is_over:
            return
        self._is_over = True
        if self._listener is not None:
            self._listener.client_gone()
        for callback in self._when_gone:
            callback()

    def _header_sent(self, status: int) -> None:
        if not self._is_header_sent:
            self._is_header_sent = True
            if self._listener is not None:
                self._listener.header_sent(status)

    def _completed(self) -> None:
        self._is_over = True
        if self._listener is not None:
            self._listener.response_completed(self._body_bytes)


def wire_of(scope: Scope) -> Wire:
    """The request's wire. Raises RuntimeError when the application isn't served by FirstbyteProtocol."""
    wire = scope.get("extensions", {}).get(EXTENSION)
    if isinstance(wire, Wire):
        return wire
    raise RuntimeError(
        "this application must be served by wire.protocol_factory(app), nothing else can send its bytes"
    )


class FirstbyteProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 protocol plus a Wire for each request."""

    def __init__(
        self, app: ASGIApp, config: Config, state: ServerState, loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__(config, state, {}, loop)
        self.access_log = False
        self._inner = app
        self.app = self._serve_request
        self._wire: Wire | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Also tells the request under way that its client is gone."""
        super().connection_lost(exc)
        if self._wire is not None:
            self._wire.connection_ended()

    def send_400_response(self, msg: str) -> None:
        """Answers garbage, unless a response is under way already: then only closing is honest."""
        is_busy = self._wire is not None and not self.cycle.response_complete and self.cycle.response_started
        if is_busy or self.conn.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            self.transport.close()
            return
        super().send_400_response(msg)

    async def _serve_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        cycle = self.cycle
        wire = self._wire = Wire(self, cycle)
        scope["extensions"] = {EXTENSION: wire}
        try:
            await self._inner(scope, receive, wire.send)
        except asyncio.CancelledError:
            # The server stops. Marked as disconnected, uvicorn neither logs it nor sends a 500.
            cycle.disconnected = True


class ProtocolFactory:
    """Makes one protocol for each connection: what loop.create_server() wants. One per running server."""

    def __init__(self, app: ASGIApp, keep_alive: Seconds) -> None:
        self._app = app
        self._config = _loaded_config(int(keep_alive))
        self._state = ServerState()

    def __repr__(self) -> str:
        return (
            f"<ProtocolFactory {len(self._state.connections)} connections, {len(self._state.tasks)} requests>"
        )

    def __call__(self) -> FirstbyteProtocol:
        """A protocol for a connection that was just accepted; call it inside the running loop."""
        return FirstbyteProtocol(self._app, self._config, self._state, asyncio.get_running_loop())

    def shutdown(self) -> None:
        """Cancels every request under way and drops every connection."""
        for task in list(self._state.tasks):
            task.cancel()
        for connection in list(self._state.connections):
            connection._unset_keepalive_if_required()  # type: ignore[union-attr]  # ours, an H11Protocol
            if connection.transport is not None:
                connection.transport.abort()


@cache
def _loaded_config(keep_alive: int) -> Config:
    # The protocol is given its application by us, so one configuration does for all servers of a process.
    config = Config(
        _no_application,
        http=FirstbyteProtocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=keep_alive,
    )
    config.load()
    return config


async def _no_application(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise RuntimeError("every connection has an application of its own")


def protocol_factory(app: ASGIApp, keep_alive: Seconds) -> ProtocolFactory:
    """A factory for loop.create_server(): serves `app`, an idle connection closes after `keep_alive`."""
    return ProtocolFactory(app, keep_alive)
