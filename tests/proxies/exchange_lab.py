"""One exchange without a network: a clock that a test moves, and events in the order a layer gives them."""

from typing import Any

from mitmproxy import http
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http._events import RequestEndOfMessage, RequestHeaders

from firstbyte.harness.model.profile import Profile
from firstbyte.harness.model.timeline import Event
from firstbyte.proxies.edge.effects import handle_event
from firstbyte.proxies.edge.exchange import Exchange
from firstbyte.proxies.edge.record import Record
from firstbyte.proxies.edge.shared import Hooks, NoHooks, SharedEdge
from firstbyte.proxies.edge.state import State
from firstbyte.proxies.http.connections import EdgeClient, EdgeContext, OriginConnection
from firstbyte.proxies.http.fields import read_request_head, read_response_head
from firstbyte.proxies.http.signals import AskOrigin, LeaveOrigin, OriginReady, SetAlarm
from firstbyte.proxies.rules.config import EdgeConfig, Upstream

STREAM = 3
HEAD = (b"POST /x HTTP/1.1", b"Host: a", b"Content-Length: 9")


class StoppedClock:
    """Goes on when told. at: microseconds."""

    at = 0

    def now(self) -> int:
        return self.at


class Watched(Exchange):
    """An exchange that remembers each step it makes."""

    __slots__ = ("steps",)

    def __init__(self, context: Context, stream_id: int, edge: SharedEdge) -> None:
        super().__init__(context, stream_id, edge)
        self.steps: list[tuple[State, State]] = []

    def enter(self, state: State) -> None:
        before = self.state
        super().enter(state)
        self.steps.append((before, state))


class Bench:
    """An exchange on its own. events: what it reported."""

    def __init__(self, profile: Profile, *, hooks: Hooks | None = None, **config: Any) -> None:
        self.clock = StoppedClock()
        self.events: list[Event] = []
        self.records: list[Record] = []
        self.client = EdgeClient()
        self.connection: OriginConnection | None = None
        self.is_asked = False
        self.alarm: int | None = None
        upstream = Upstream(host="origin", port=80)
        self.edge = SharedEdge(
            EdgeConfig(profile=profile, upstream=upstream, **config),
            clock=self.clock,
            report=self.events.append,
            token=lambda count: "0" * count,
            stamp=str,
            hooks=hooks or NoHooks(),
            done=self.records.append,
        )
        self.exchange = Watched(EdgeContext(self.client, OriginConnection()), STREAM, self.edge)

    def __repr__(self) -> str:
        return f"<Bench {self.exchange!r}>"

    def is_over(self) -> bool:
        """Whether the exchange is."""
        return self.exchange.state is State.OVER

    def give(self, event: events.Event) -> list[commands.Command]:
        """Let something happen; returns what the exchange asks for."""
        made = list(handle_event(self.exchange, event))
        for command in made:
            if isinstance(command, AskOrigin):
                self.is_asked = True
            elif isinstance(command, LeaveOrigin):
                self.is_asked, self.connection = False, None
            elif isinstance(command, SetAlarm):
                self.alarm = command.at
        return made

    def begin(self, *lines: bytes) -> None:
        """The request's head, by default one that announces a body of nine bytes."""
        self.give(RequestHeaders(STREAM, read_request_head(list(lines or HEAD)), end_stream=False))

    def end_request(self) -> None:
        """The last byte of the request."""
        self.give(RequestEndOfMessage(STREAM))

    def connect(self, *, reused: bool = False) -> None:
        """The connection that was asked for is there."""
        self.is_asked, self.connection = False, OriginConnection(("origin", 80))
        self.give(OriginReady(STREAM, self.connection, reused))


def response(status: int, *fields: bytes) -> http.Response:
    """A header of the origin's."""
    return read_response_head([b"HTTP/1.1 %d X" % status, *fields])
