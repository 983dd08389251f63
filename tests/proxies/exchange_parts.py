"""The parts of one exchange, made as an exchange makes them, with nothing that drives them."""

from typing import Any

from mitmproxy.proxy.commands import Command
from mitmproxy.proxy.layer import CommandGenerator
from mitmproxy.proxy.layers.http import SendHttp
from mitmproxy.proxy.layers.http._events import (
    RequestData,
    RequestEndOfMessage,
)

from firstbyte.harness.model.profile import (
    Profile,
    Resend,
    ResendCause,
)
from firstbyte.harness.model.timeline import Kind
from firstbyte.harness.model.units import seconds
from firstbyte.proxies.edge.attempts import Attempts
from firstbyte.proxies.edge.deadlines import Deadlines
from firstbyte.proxies.edge.ending import ExchangeEnding
from firstbyte.proxies.edge.journal import Journal
from firstbyte.proxies.edge.ordered import Ordered
from firstbyte.proxies.edge.reply import ClientVersion, EdgeReply
from firstbyte.proxies.edge.response import Response
from firstbyte.proxies.edge.tunnel import Tunnel
from firstbyte.proxies.edge.upload import Upload
from firstbyte.proxies.http.connections import EdgeContext, OriginConnection
from firstbyte.proxies.http.fields import read_request_head
from firstbyte.proxies.http.signals import (
    OriginReady,
)
from firstbyte.proxies.rules.orders import Next
from tests.proxies.exchange_lab import HEAD, STREAM, Bench
from tests.proxies.lab import profile

ORIGIN = OriginConnection(("origin", 80))
BODY = RequestData(STREAM, b"abc")
END = RequestEndOfMessage(STREAM)
OK = b"Content-Length: 2"
ALWAYS = Resend(methods=("POST",), causes=tuple(ResendCause), statuses=(503,), delay=seconds(2))


class Parts:
    """All parts of one exchange, made as an exchange makes them, with nothing that drives them."""

    def __init__(
        self,
        edge_profile: Profile | None = None,
        *lines: bytes,
        order: Next | None = None,
        version: ClientVersion = ClientVersion.HTTP11,
        **config: Any,
    ) -> None:
        self.profile = edge_profile or profile()
        bench = Bench(self.profile, ordered=order is not None, **config)
        self.edge, self.clock, self.events, client = bench.edge, bench.clock, bench.events, bench.client
        request = read_request_head(list(lines or HEAD))
        self.journal = Journal(self.edge)
        self.journal.open(request, 1)
        self.deadlines = Deadlines(STREAM, self.edge, self.journal)
        self.upload = Upload(request, STREAM, client, self.edge, self.journal, self.deadlines)
        self.reply = EdgeReply(STREAM, client, self.profile, version, self.journal, self.deadlines)
        self.attempts = Attempts(STREAM, self.profile, self.upload, self.reply, self.journal, self.deadlines)
        if order is not None:
            self.edge.held.order_next(order)
        self.ordered = Ordered(1, self.edge, self.upload, self.journal, self.deadlines)
        self.response = Response(
            self.edge, self.journal, self.deadlines, self.attempts, self.reply, None, self.ordered
        )
        self.ending = ExchangeEnding("", self.edge, self.journal, self.upload, self.attempts, self.reply)
        context = EdgeContext(client, OriginConnection())
        self.tunnel = Tunnel(context, STREAM, self.profile, self.journal, self.deadlines, self.attempts)

    def kinds(self) -> list[Kind]:
        """What was reported, the request's own coming left out."""
        return [event.kind for event in self.events[1:]]

    def connect(self, *, reused: bool = False) -> None:
        """A connection is asked for and there."""
        list(self.attempts.connect())
        list(self.attempts.connected(OriginReady(STREAM, ORIGIN, reused)))


def result[T](steps: CommandGenerator[T]) -> tuple[list[Command], T]:
    """The commands of a generator, and what it returns."""
    made: list[Command] = []
    while True:
        try:
            made.append(next(steps))
        except StopIteration as stop:
            return made, stop.value


def messages(made: object) -> list[object]:
    """The events that go to a connection."""
    return [command.event for command in made if isinstance(command, SendHttp)]  # type: ignore[attr-defined]  # a list
