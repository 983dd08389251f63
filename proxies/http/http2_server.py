"""HTTP/2 towards the client.

Mitmproxy's, with refusals, 1xx, and streams that break off with the profile's code.
"""

import h2.errors
import h2.events
from mitmproxy import http
from mitmproxy.proxy import events
from mitmproxy.proxy.commands import SendData
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import CommandGenerator
from mitmproxy.proxy.layers.http._base import HttpEvent, ReceiveHttp
from mitmproxy.proxy.layers.http._events import (
    RequestHeaders,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
)
from mitmproxy.proxy.layers.http._http2 import Http2Server

from firstbyte.harness.model.profile import Ending
from firstbyte.proxies.http.fields import Fields
from firstbyte.proxies.http.head_rules import refuse_request
from firstbyte.proxies.http.signals import BreakOff, FinishAndClose, HoldReading
from firstbyte.proxies.rules.answer import refusal_text
from firstbyte.proxies.rules.config import MAX_HTTP2_CHATTER, MAX_HTTP2_RESETS

#: Bytes waiting for a client's flow control window before the edge stops reading from the origin.
MAX_WAITING = 256 * 1024
#: Frames that ask for an answer or for work, and carry nothing.
CHATTER = (
    h2.events.PingReceived,
    h2.events.RemoteSettingsChanged,
    h2.events.PriorityUpdated,
    h2.events.UnknownFrameReceived,
)


class EdgeHttp2Server(Http2Server):
    """One client connection with its streams."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._holding = False
        self._chatter = 0
        self._resets = 0

    def _handle_event(self, event: events.Event) -> CommandGenerator[None]:
        if isinstance(event, BreakOff | FinishAndClose):
            yield from self._send(event)
        else:
            yield from super()._handle_event(event)
        waiting = bool(self.h2_conn.stream_buffers) and self.waiting() > MAX_WAITING
        if waiting is not self._holding:
            self._holding = waiting
            yield HoldReading(self.conn, waiting)

    def waiting(self) -> int:
        """How many bytes wait for the client's flow control windows."""
        return sum(len(part.data) for parts in self.h2_conn.stream_buffers.values() for part in parts)

    def _send(self, event: HttpEvent) -> CommandGenerator[None]:
        if not self.is_open_for_us(event.stream_id):
            return
        match event:
            case BreakOff(http2="clean"):
                self.h2_conn.end_stream(event.stream_id)
            case BreakOff():
                if event.http1 is Ending.HANG and event.http2 == "":
                    return
                self._reset(event.stream_id, event.http2 or "INTERNAL_ERROR")
            case FinishAndClose():
                self.h2_conn.end_stream(event.stream_id)
                # RFC 9113 8.1: a complete answer to an incomplete request ends with NO_ERROR.
                self._reset(event.stream_id, "NO_ERROR")
        data = self.h2_conn.data_to_send()
        if data:
            yield SendData(self.conn, data)

    def _reset(self, stream_id: int, code: str) -> None:
        self.streams.pop(stream_id, None)
        if not self.is_closed(stream_id):
            self.h2_conn.reset_stream(stream_id, h2.errors.ErrorCodes[code])

    def handle_h2_event(self, event: h2.events.Event) -> CommandGenerator[bool]:
        """As mitmproxy does, but a request an edge refuses never becomes a stream of ours."""
        if self._is_too_much(event):
            yield from self._calm_down()
            return True
        if not isinstance(event, h2.events.RequestReceived):
            return (yield from super().handle_h2_event(event))
        for command in super().handle_h2_event(event):
            if isinstance(command, ReceiveHttp) and isinstance(command.event, RequestHeaders):
                request = command.event.request
                request.data.headers = Fields(request.data.headers.fields)
                refusal = refuse_request(request)
                if refusal is not None:
                    yield from self._refuse(command.event.stream_id, *refusal)
                    continue
            yield command
        return False

    def _is_too_much(self, event: h2.events.Event) -> bool:
        """Whether this frame is one more than a client may send on one connection."""
        is_empty = isinstance(event, h2.events.DataReceived) and not event.data and not event.stream_ended
        self._chatter += is_empty or isinstance(event, CHATTER)
        self._resets += isinstance(event, h2.events.StreamReset)
        return self._chatter > MAX_HTTP2_CHATTER or self._resets > MAX_HTTP2_RESETS

    def _calm_down(self) -> CommandGenerator[None]:
        """RFC 9113 10.5: such a connection is closed with ENHANCE_YOUR_CALM."""
        self.h2_conn.close_connection(h2.errors.ErrorCodes.ENHANCE_YOUR_CALM)
        yield SendData(self.conn, self.h2_conn.data_to_send())
        yield from self.close_connection("more frames than a client may send")

    def _refuse(self, stream_id: int, status: int, reason: str) -> CommandGenerator[None]:
        text = refusal_text(status, reason)
        response = http.Response.make(status, text, {"content-type": "text/plain"})
        yield from super()._handle_event(ResponseHeaders(stream_id, response))
        yield from super()._handle_event(ResponseData(stream_id, text))
        yield from super()._handle_event(ResponseEndOfMessage(stream_id))
        self.streams.pop(stream_id, None)
