"""Writes one response to its socket, including bytes that ASGI can't express.

These are a header block that is held open, interim responses, and a 204 with a body. The protocol puts a
ResponseWriter into the ASGI scope of each request, under scope["extensions"]["firstbyte.response_writer"].
"""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

import h11
from starlette.types import Message, Scope
from uvicorn.protocols.http.h11_impl import RequestResponseCycle

from firstbyte.reference_server.headers import HeaderLine

EXTENSION: Final = "firstbyte.response_writer"


class ResponseListener(Protocol):
    """Receives what becomes of one response."""

    def header_sent(self, status: int) -> None:
        """The complete header block has been handed to the transport."""

    def response_completed(self, body_bytes: int) -> None:
        """The last byte has been handed to the transport. `body_bytes` doesn't count the framing."""

    def client_gone(self) -> None:
        """The connection ended before the response was complete."""


class ResponseWriter:
    """Writes the response to one request and reports its progress to a listener."""

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle
        self._listener: ResponseListener | None = None
        self._when_gone: list[Callable[[], None]] = []
        self._is_header_sent = False
        self._is_over = False
        self._body_bytes = 0

    def __repr__(self) -> str:
        state = (
            "over" if self._is_over else "header sent" if self._is_header_sent else "waiting for a response"
        )
        return f"<ResponseWriter {state}>"

    @property
    def is_gone(self) -> bool:
        """True when the client left before the response was complete."""
        return self._cycle.disconnected

    def listen(self, listener: ResponseListener) -> None:
        """Sets the listener. If the client has already left, the listener is called immediately."""
        self._listener = listener
        if self.is_gone:
            listener.client_gone()

    def when_gone(self, callback: Callable[[], None]) -> None:
        """Calls `callback` if the client leaves before the response is complete, or has already left."""
        if self.is_gone:
            callback()
        else:
            self._when_gone.append(callback)

    def write_raw(self, data: bytes) -> None:
        """Sends `data` unchanged as the response or a part of it."""
        if self.is_gone:
            return
        # From here on uvicorn may not send a 500 of its own: it would land in the middle of ours.
        self._cycle.response_started = True
        self._cycle.transport.write(data)

    def interim(self, status: int, headers: Sequence[HeaderLine] = ()) -> None:
        """Sends a 1xx response. HTTP/1.0 clients get none because they can't parse one (RFC 9110 15.2)."""
        if self.is_gone or self._cycle.scope["http_version"] == "1.0":
            return
        reason = b"Processing" if status == 102 else b"Interim"
        event = h11.InformationalResponse(status_code=status, headers=list(headers), reason=reason)
        self._cycle.transport.write(self._cycle.conn.send(event))

    def finish_raw(self, data: bytes, status: int, body_bytes: int = 0) -> None:
        """Sends the last bytes of a raw response and makes the connection ready for the next request.

        `body_bytes` is the length of the body in all raw bytes of this response.
        """
        if self.is_gone:
            return
        self.write_raw(data)
        self._header_sent(status)
        self._body_bytes = body_bytes
        cycle = self._cycle
        # h11 frames nothing here. It has to see a response go by, or its state would not allow keep-alive.
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
        """Passes an ASGI message to uvicorn and reports the header and the end of the response."""
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
        """Called by the protocol when the connection is lost."""
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


def writer_of(scope: Scope) -> ResponseWriter:
    """Returns the request's writer. Raises RuntimeError unless FirstbyteProtocol serves the application."""
    writer = scope.get("extensions", {}).get(EXTENSION)
    if isinstance(writer, ResponseWriter):
        return writer
    raise RuntimeError(
        "this application must be served by ProtocolFactory(app, keep_alive), nothing else can send its bytes"
    )
