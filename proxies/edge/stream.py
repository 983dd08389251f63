"""The exchange as mitmproxy's layers have it: an `HttpStream`."""

from collections import deque

from mitmproxy.proxy import events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import CommandGenerator
from mitmproxy.proxy.layers.http import HttpStream

from firstbyte.proxies.edge.effects import handle_event
from firstbyte.proxies.edge.exchange import Exchange
from firstbyte.proxies.edge.shared import SharedEdge


class EdgeStream(HttpStream):
    """Hands its events to the exchange; only an addon's hooks make it wait."""

    def __init__(self, context: Context, stream_id: int, edge: SharedEdge) -> None:
        # Not mitmproxy's: it makes two buffers, a deque and three circles of references for each exchange.
        self.context = context
        self.stream_id = stream_id
        self._paused = None
        self.exchange = Exchange(context, stream_id, edge)
        if self.exchange.addons is not None:
            self._paused_event_queue = deque()

    def __repr__(self) -> str:
        return f"<EdgeStream {self.exchange!r}{', waiting for an addon' if self._paused else ''}>"

    @property
    def client_left(self) -> bool:
        """Whether the client is gone while the exchange goes on."""
        return self.exchange.reply.client_left

    def _handle_event(self, event: events.Event) -> CommandGenerator[None]:
        return handle_event(self.exchange, event)

    def handle_event(self, event: events.Event) -> CommandGenerator[None]:
        """Without an addon, no command makes this layer wait."""
        exchange = self.exchange
        return handle_event(exchange, event) if exchange.addons is None else super().handle_event(event)
