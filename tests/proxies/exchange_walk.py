"""What can happen to one exchange, in the order a layer would give it, by name."""

from collections.abc import Callable
from functools import partial

import msgspec
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    RequestData,
    RequestEndOfMessage,
    RequestProtocolError,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
)

from firstbyte.harness.model.profile import (
    Cause,
    Point,
    Profile,
    Resend,
    ResendCause,
    Timer,
)
from firstbyte.harness.model.units import seconds
from firstbyte.proxies.edge.state import State
from firstbyte.proxies.http.signals import (
    AlarmRang,
    InterimReceived,
    Order,
    OriginBroke,
    OriginRead,
    OriginUnreachable,
)
from firstbyte.proxies.rules.orders import Action, Next
from tests.proxies.exchange_lab import STREAM, Bench, response
from tests.proxies.lab import HEADER, timer

WHOLE = Timer(
    name="whole", starts_on=Point.REQUEST_STARTED, stops_on=(Point.RESPONSE_COMPLETED,), limit=seconds(3)
)
SLOW = Timer(
    name="upload",
    starts_on=Point.REQUEST_STARTED,
    stops_on=(Point.REQUEST_RECEIVED,),
    limit=seconds(2),
    after_upload=True,
)
LATE = Timer(
    name="late",
    starts_on=Point.CONNECT_STARTED,
    stops_on=(Point.REQUEST_SENT,),
    limit=seconds(2),
    after_upload=True,
)


class Listening:
    """Addons that want whole bodies, or nothing but to be there."""

    def __init__(self, *names: str) -> None:
        self._names = {"", *names}

    def wants(self, name: str) -> bool:
        return name in self._names

    async def run(self, hook: commands.StartHook) -> None:
        """Never called: nobody carries out commands here."""


def moves(bench: Bench, phase: str) -> dict[str, Callable[[], None]]:
    """What can happen now, as a layer would give it. phase: of the origin's answer."""
    exchange, give = bench.exchange, bench.give
    upload, reply = exchange.upload, exchange.reply
    found: dict[str, Callable[[], None]] = {"order expire": lambda: _order(bench, expire=True)}
    if bench.alarm is not None:
        found["alarm"] = lambda: _ring(bench)
    if bench.edge.config.held or bench.edge.config.ordered:
        found["order release"] = lambda: _order(bench, expire=False)
    else:
        del found["order expire"]
    if not reply.client_left and not (upload.is_whole and exchange.tunnel is None):
        found["body"] = lambda: _give(give, RequestData(STREAM, b"x"))
        found["end"] = bench.end_request
    if not reply.client_left:
        error = RequestProtocolError(STREAM, "client left", ErrorCode.CLIENT_DISCONNECTED)
        found["client leaves"] = lambda: _give(give, error)
    if bench.is_asked:
        found["connected"] = bench.connect
        found["reused"] = lambda: bench.connect(reused=True)
        found["refused"] = lambda: _refuse(bench)
    if bench.connection is not None:
        found |= {name: partial(_give, give, event) for name, event in _answers(phase).items()}
    return found


def _give(give: Callable[[events.Event], object], event: events.Event) -> None:
    give(event)


def _order(bench: Bench, *, expire: bool) -> None:
    bench.give(Order(STREAM, expire))


def _ring(bench: Bench) -> None:
    assert bench.alarm is not None
    bench.clock.at = max(bench.clock.at, bench.alarm)
    bench.give(AlarmRang(STREAM))


def _refuse(bench: Bench) -> None:
    bench.is_asked = False
    bench.give(OriginUnreachable(STREAM, "refused"))


def _answers(phase: str) -> dict[str, events.Event]:
    length = b"Content-Length: 2"
    broken = {f"broken {cause}": OriginBroke(STREAM, cause, False, "broken") for cause in Cause}
    del broken["broken timer"]
    match phase:
        case "head":
            return {
                "read": OriginRead(STREAM, 5, 5),
                "interim": InterimReceived(STREAM, response(102)),
                "200": ResponseHeaders(STREAM, response(200, length)),
                "503": ResponseHeaders(STREAM, response(503, length)),
                "101": ResponseHeaders(STREAM, response(101, b"Upgrade: websocket")),
                **broken,
            }
        case "body":
            return {
                "data": ResponseData(STREAM, b"o"),
                "answer ends": ResponseEndOfMessage(STREAM),
                **broken,
            }
    return {}


def _phase_after(name: str, phase: str) -> str:
    if name in ("connected", "reused"):
        return "head"
    if name in ("200", "503", "101"):
        return "body"
    return "ended" if name == "answer ends" or name.startswith("broken") else phase


def walk(bench: Bench, choose: Callable[[list[str]], str | None]) -> None:
    """Let things happen until the exchange is over, has made many steps, or nothing is chosen."""
    exchange = bench.exchange
    bench.begin()
    phase = "head"
    for _ in range(30):
        if bench.is_over():
            break
        assert exchange.state.value in repr(exchange)
        possible = moves(bench, phase)
        name = choose(sorted(possible))
        if name is None:
            return
        attempt = exchange.attempts.number
        phase = _phase_after(name, phase)
        possible[name]()
        if exchange.state is State.TUNNEL:
            phase = "body"
        if not bench.is_over() and exchange.attempts.number == attempt:
            assert (exchange.state is State.CONNECTING) == bench.is_asked
    if bench.is_over():
        for event in (RequestEndOfMessage(STREAM), AlarmRang(STREAM), ResponseData(STREAM, b"late")):
            assert bench.give(event) == []
        assert (len(bench.records), bench.edge.active) == (1, 0)


def play(bench: Bench, names: str) -> Bench:
    """Let these things happen, separated by commas."""
    left = iter(names.split(", ") if names else ())
    walk(bench, lambda _possible: next(left, None))
    return bench


AGAIN = Resend(methods=("POST",), causes=tuple(ResendCause), attempts=3, delay=seconds(2), statuses=(503,))
LONG = timer(HEADER, limit=seconds(100))
TWICE = timer(SLOW, name="twice", limit=seconds(3))


def holding(edge_profile: Profile) -> Bench:
    """An edge in held mode that was ordered to hold the next answer."""
    bench = Bench(edge_profile, held=True)
    bench.edge.held.order_next(Next(action=Action.HOLD))
    return bench


def without_timer(rule: Resend) -> Resend:
    """The same rule for what the origin does alone."""
    return msgspec.structs.replace(rule, causes=(ResendCause.CLOSED,))
