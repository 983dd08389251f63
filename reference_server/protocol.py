"""uvicorn's HTTP/1.1 protocol with a ResponseWriter for each request.

It must never leave a connection in a state that h11 doesn't know: keep-alive has to go on.
"""

import asyncio
from functools import cache

import h11
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from firstbyte.reference_server.config import Seconds
from firstbyte.reference_server.response_writer import EXTENSION, ResponseWriter


class FirstbyteProtocol(H11Protocol):
    """One connection. Gives the application a ResponseWriter for each request."""

    def __init__(
        self, app: ASGIApp, config: Config, state: ServerState, loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__(config, state, {}, loop)
        self.access_log = False
        self._inner = app
        self.app = self._serve_request
        self._writer: ResponseWriter | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Also tells the current request that its client is gone."""
        super().connection_lost(exc)
        if self._writer is not None:
            self._writer.connection_ended()

    def send_400_response(self, msg: str) -> None:
        """Answers malformed bytes, but only closes the connection if a response is already under way."""
        is_busy = (
            self._writer is not None and not self.cycle.response_complete and self.cycle.response_started
        )
        if is_busy or self.conn.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            self.transport.close()
            return
        super().send_400_response(msg)

    async def _serve_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        cycle = self.cycle
        writer = self._writer = ResponseWriter(cycle)
        scope["extensions"] = {EXTENSION: writer}
        try:
            await self._inner(scope, receive, writer.send)
        except asyncio.CancelledError:
            # The server stops. Because the cycle is marked as disconnected, uvicorn neither logs this nor
            # sends a 500.
            cycle.disconnected = True


class ProtocolFactory:
    """Makes a protocol for each connection, for loop.create_server(). Each running server has one.

    It serves `app` and closes a connection that has been idle for `keep_alive`.
    """

    def __init__(self, app: ASGIApp, keep_alive: Seconds) -> None:
        self._app = app
        self._config = _loaded_config(int(keep_alive))
        self._state = ServerState()

    def __repr__(self) -> str:
        return (
            f"<ProtocolFactory {len(self._state.connections)} connections, {len(self._state.tasks)} requests>"
        )

    def __call__(self) -> FirstbyteProtocol:
        """Returns a protocol for a newly accepted connection. Call it inside the running loop."""
        return FirstbyteProtocol(self._app, self._config, self._state, asyncio.get_running_loop())

    def shutdown(self) -> None:
        """Cancels all current requests and drops all connections."""
        for task in list(self._state.tasks):
            task.cancel()
        for connection in list(self._state.connections):
            connection._unset_keepalive_if_required()  # type: ignore[union-attr]  # ours, an H11Protocol
            if connection.transport is not None:
                connection.transport.abort()


@cache
def _loaded_config(keep_alive: int) -> Config:
    # FirstbyteProtocol gets its application from the factory, so all servers of a process share one Config.
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
