"""One exchange as a user's mitmproxy addon sees it: a flow, and the hooks at the moments mitmproxy has them.

A body is buffered when an addon has the hook that comes after it, as mitmproxy does, unless the addon
streams it; server-sent events never are. An addon can't choose another upstream.
"""

from mitmproxy import http
from mitmproxy.flow import Error
from mitmproxy.proxy import commands
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import CommandGenerator
from mitmproxy.proxy.layers.http._hooks import (
    HttpErrorHook,
    HttpRequestHeadersHook,
    HttpRequestHook,
    HttpResponseHeadersHook,
    HttpResponseHook,
)
from mitmproxy.proxy.layers.websocket import WebsocketLayer
from mitmproxy.websocket import WebSocketData

from firstbyte.proxies.edge.decisions import AddonAnswer, Drop
from firstbyte.proxies.edge.journal import Journal
from firstbyte.proxies.edge.record import Record
from firstbyte.proxies.edge.shared import SharedEdge
from firstbyte.proxies.rules.answer import Rendered

_MESSAGES = ("websocket_start", "websocket_message", "websocket_end")


class FlowHooks:
    """The flow of one exchange."""

    flow: http.HTTPFlow

    def __init__(self, context: Context, edge: SharedEdge, journal: Journal) -> None:
        self._context = context
        self._edge = edge
        self._journal = journal
        self._body = bytearray()
        self._began = 0
        self.buffers_request = False
        self.buffers_response = False

    def __repr__(self) -> str:
        return f"<FlowHooks {self.flow!r}>"

    @property
    def is_killed(self) -> bool:
        """Whether the addon has killed the flow."""
        return self.flow.error is not None and self.flow.error.msg == Error.KILLED_MESSAGE

    @property
    def decision(self) -> Drop | AddonAnswer | None:
        """What the addon has decided before the origin was asked."""
        if self.is_killed:
            return Drop()
        response = self.flow.response
        return None if response is None else AddonAnswer(self._rendered(response))

    def _rendered(self, response: http.Response) -> Rendered:
        fields = (
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.fields
        )
        headers = tuple(
            field for field in fields if field[0].lower() not in ("content-length", "transfer-encoding")
        )
        return Rendered(
            status=response.status_code,
            reason=response.reason,
            headers=headers,
            body=response.raw_content or b"",
        )

    @property
    def wants_messages(self) -> bool:
        """Whether an addon listens to WebSocket messages."""
        return any(self._edge.hooks.wants(name) for name in _MESSAGES)

    def _run(self, hook: commands.StartHook) -> CommandGenerator[None]:
        if self._edge.hooks.wants(hook.name):
            yield hook
            self._journal.now = self._edge.clock.now()

    def request_headers(self, request: http.Request) -> CommandGenerator[None]:
        """The request's head is here."""
        upstream = self._edge.config.upstream
        request.data.host, request.data.port = upstream.host, upstream.port
        request.data.scheme = b"https" if upstream.tls else b"http"
        self.flow = http.HTTPFlow(self._context.client, self._context.server, live=True)
        self.flow.request = request
        self._began = self._edge.clock.now()
        request.timestamp_start = self.flow.timestamp_created
        yield from self._run(HttpRequestHeadersHook(self.flow))
        self.buffers_request = self._edge.hooks.wants("request") and not request.stream
        # An addon that sets flow.request.url moves the authority too: the request line stays in origin-form.
        request.data.authority = b""

    def request(self, body: bytes) -> CommandGenerator[bytes | None]:
        """The request is complete. Returns the body to send; None = it has been streamed."""
        request = self.flow.request
        if self.buffers_request:
            request.data.content = body
        yield from self._run(HttpRequestHook(self.flow))
        request.data.authority = b""
        if not self.buffers_request:
            return None
        content = request.raw_content or b""
        if content or "transfer-encoding" in request.headers:
            request.headers.pop("transfer-encoding", None)
            request.headers["Content-Length"] = str(len(content))
        return content

    def response_headers(self, response: http.Response) -> CommandGenerator[None]:
        """The head of the origin's answer is here."""
        self.flow.response = response
        passed = (self._edge.clock.now() - self._began) / 1e6
        response.timestamp_start = self.flow.timestamp_created + passed
        yield from self._run(HttpResponseHeadersHook(self.flow))
        is_events = response.headers.get("content-type", "").startswith("text/event-stream")
        self.buffers_response = (
            self._edge.hooks.wants("response")
            and not response.stream
            and not is_events
            and response.status_code != 101
        )

    def body(self, data: bytes) -> bytes:
        """What of these bytes goes on now."""
        if self.buffers_response:
            self._body += data
            return b""
        stream = self.flow.response.stream if self.flow.response else False
        if callable(stream):
            changed = stream(data)
            return changed if isinstance(changed, bytes) else b"".join(changed)
        return data

    def response(self) -> CommandGenerator[bytes | None]:
        """The answer is complete. Returns the body to send; None = it has been streamed."""
        response = self.flow.response
        assert response is not None
        if not self.buffers_response:
            yield from self._run(HttpResponseHook(self.flow))
            return None
        had_length = "content-length" in response.headers
        response.data.content = bytes(self._body)
        yield from self._run(HttpResponseHook(self.flow))
        response = self.flow.response
        assert response is not None
        content = response.raw_content or b""
        response.headers.pop("transfer-encoding", None)
        if content or not had_length:
            response.headers["Content-Length"] = str(len(content))
        return content

    def over(self, record: Record) -> CommandGenerator[None]:
        """The exchange is over.

        When the edge ended it, the addon hears of an error, as it would of a lost origin.
        """
        self.flow.live = False
        if record.answer or record.end != "complete":
            self.flow.error = self.flow.error or Error(
                f"{record.answer or record.end} {' '.join(record.fired)}".strip()
            )
            hook = HttpErrorHook(self.flow)
            hook.blocking = False
            yield from self._run(hook)

    def websocket(self, context: Context) -> WebsocketLayer:
        """The layer that shows an addon each message."""
        self.flow.websocket = WebSocketData()
        return WebsocketLayer(context, self.flow)
