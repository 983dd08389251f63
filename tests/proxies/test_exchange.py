"""The states of an exchange: which follow which, and what an exchange that is stuck says of itself."""

from collections.abc import Callable
from functools import partial
from random import Random  # noqa: TID251 - Hypothesis makes the one in use

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
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
    CloseKind,
    HoldHeader,
    OriginSide,
    Point,
    Profile,
    Resend,
    ResendCause,
    Timer,
)
from firstbyte.harness.model.units import Duration, seconds
from firstbyte.proxies.edge.state import FOLLOWS, State
from firstbyte.proxies.http.signals import (
    AlarmRang,
    InterimReceived,
    Order,
    OriginBroke,
    OriginRead,
    OriginRoom,
    OriginUnreachable,
    Room,
)
from firstbyte.proxies.rules.orders import Action, Next
from tests.proxies.exchange_lab import STREAM, Bench, response
from tests.proxies.lab import GAP, HEADER, profile, timer

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


# ---- every walk keeps to the table


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


@st.composite
def benches(draw: st.DrawFn) -> Bench:
    """An exchange behind a drawn profile, with or without orders and an addon."""
    rule = Resend(
        methods=("POST",),
        causes=draw(st.sampled_from([(), (ResendCause.CLOSED, ResendCause.STATUS), tuple(ResendCause)])),
        attempts=draw(st.integers(2, 4)),
        statuses=(503,),
        delay=draw(st.sampled_from([Duration(0), seconds(2)])),
        after_client_left=True,
    )
    held_header = timer(HEADER, name="held", stops_on=(Point.RESPONSE_COMPLETED,), starts_on=Point.CONNECTED)
    chosen = draw(
        st.lists(st.sampled_from([HEADER, GAP, WHOLE, SLOW, LATE, held_header]), min_size=1, unique=True)
    )
    edge_profile: Profile = profile(
        *chosen,
        resend=(rule,),
        buffer_request=draw(st.booleans()),
        hold_header=draw(st.sampled_from(list(HoldHeader))),
        origin=OriginSide(on_client_leave=draw(st.sampled_from(list(CloseKind)))),
    )
    edge_profile = msgspec.structs.replace(
        edge_profile,
        timers=tuple(
            timer(one, after_upload=True) if draw(st.booleans()) else one for one in edge_profile.timers
        ),
    )
    mode = draw(st.sampled_from([{}, {"held": True}, {"ordered": True}]))
    hooks = draw(st.sampled_from([None, None, Listening(), Listening("response"), Listening("request")]))
    bench = Bench(edge_profile, hooks=hooks, **mode)
    if mode:
        bench.edge.held.order_next(Next(action=draw(st.sampled_from([Action.HOLD, *Action]))))
    return bench


#: What leads far into an exchange comes more often than what ends it.
LIKELY = {"connected": 9, "200": 6, "101": 6, "answer ends": 6, "alarm": 5, "503": 3, "body": 3, "end": 3}


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
#: Steps that need a certain profile and several events in one order: by step, how it comes about.
RARE: dict[tuple[State, State], Callable[[], Bench]] = {
    (State.HELD, State.WAITING): lambda: play(holding(profile()), "connected, 200, order release"),
    (State.HELD, State.OVER): lambda: play(holding(profile()), "connected, 200, client leaves"),
    (State.HELD, State.PAUSED): lambda: play(
        holding(profile(resend=(AGAIN,))), "connected, 200, order expire"
    ),
    (State.HELD, State.UPLOADING): lambda: play(holding(profile(SLOW)), "connected, 200, order expire"),
    (State.PAUSED, State.PAUSED): lambda: play(
        Bench(profile(timer(WHOLE, limit=seconds(1)), resend=(AGAIN,))), "connected, broken fin, alarm"
    ),
    (State.PAUSED, State.UPLOADING): lambda: play(
        Bench(profile(timer(SLOW, limit=seconds(1)), resend=(timer_free(AGAIN),))),
        "connected, broken fin, alarm",
    ),
    (State.UPLOADING, State.UPLOADING): lambda: play(Bench(profile(SLOW, TWICE)), "connected, alarm, alarm"),
    (State.FORWARDING, State.PAUSED): lambda: play(
        Bench(profile(resend=(AGAIN,)), hooks=Listening("response")), "end, connected, 200, broken fin"
    ),
    (State.FORWARDING, State.UPLOADING): lambda: play(
        Bench(profile(SLOW, hold_header=HoldHeader.UNTIL_END)), "connected, 200, alarm"
    ),
}


def holding(edge_profile: Profile) -> Bench:
    """An edge in held mode that was ordered to hold the next answer."""
    bench = Bench(edge_profile, held=True)
    bench.edge.held.order_next(Next(action=Action.HOLD))
    return bench


def timer_free(rule: Resend) -> Resend:
    """The same rule for what the origin does alone."""
    return msgspec.structs.replace(rule, causes=(ResendCause.CLOSED,))


@pytest.mark.parametrize("step", RARE, ids=[f"{one.name}-{other.name}" for one, other in RARE])
def test_a_step_that_needs_several_events_in_one_order_comes_about(step: tuple[State, State]) -> None:
    assert step in RARE[step]().exchange.steps


def test_whatever_happens_only_steps_of_the_table_are_made_and_every_one_of_them_is() -> None:
    made: set[tuple[State, State]] = set()

    @settings(
        deadline=None, max_examples=400, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(bench=benches(), random=st.randoms(use_true_random=True))
    def walks(bench: Bench, random: Random) -> None:
        walk(bench, lambda names: random.choices(names, [LIKELY.get(name, 1) for name in names])[0])
        made.update(bench.exchange.steps)

    walks()
    assert {state for step in made for state in step} == set(State)
    assert made | RARE.keys() == {(one, other) for one, others in FOLLOWS.items() for other in others}


def test_the_table_is_of_all_states_and_nothing_follows_the_last() -> None:
    assert set(FOLLOWS) == set(State)
    assert FOLLOWS[State.OVER] == frozenset()
    assert set(State) - {State.NEW} == frozenset[State]().union(*FOLLOWS.values())


def test_a_step_that_is_not_in_the_table_is_an_error_that_says_where_the_exchange_stands() -> None:
    bench = play(Bench(profile()), "end, connected")
    with pytest.raises(RuntimeError, match=r"3 waiting for the header, attempt 1, header 1s left.* tunnel"):
        bench.exchange.enter(State.TUNNEL)


# ---- an exchange that is stuck says where


def later(bench: Bench, wait: float) -> Bench:
    """Some seconds on, and nothing has happened."""
    bench.clock.at += seconds(wait)
    return bench


def upgrading(bench: Bench) -> Bench:
    return play(bench, "end, connected, 101, answer ends")


@pytest.mark.parametrize(
    ("stuck", "said"),
    [
        (lambda: Bench(profile(), held=True), "new"),
        (
            lambda: play(Bench(profile(buffer_request=True), held=True), "body, body"),
            "reading the request, attempt 1, 2 bytes so far, no timer",
        ),
        (lambda: play(Bench(profile(), held=True), "body"), "connecting, attempt 1, no timer"),
        (
            lambda: later(play(Bench(profile(LONG), held=True), "end, connected"), 87.5),
            "waiting for the header, attempt 1, header 12.5s left",
        ),
        (
            lambda: later(play(Bench(profile(), held=True), "end, connected"), 500),
            "waiting for the header, attempt 1, header 499s past its limit",
        ),
        (
            lambda: play(holding(profile()), "end, connected, 200, data"),
            "holding the answer back, attempt 1, <Ordered hold, 2 events kept back>, header 1s left",
        ),
        (
            lambda: play(Bench(profile(resend=(AGAIN,)), held=True), "end, connected, broken fin"),
            "waiting to send again, attempt 2, no timer",
        ),
        (
            lambda: play(Bench(profile(), held=True), "end, connected, 200, data"),
            "forwarding the answer, attempt 1, 1 bytes so far, gap 1s left",
        ),
        (
            lambda: play(Bench(profile(SLOW), held=True), "connected, body, order expire"),
            "waiting for the rest of the request, attempt 1, 1 bytes so far, no timer",
        ),
        (lambda: upgrading(Bench(profile(), held=True)), "tunnel, attempt 1, no timer"),
        (
            lambda: play(
                Bench(profile(origin=OriginSide(on_client_leave=CloseKind.NOTHING)), held=True),
                "end, connected, client leaves",
            ),
            "waiting for the header, attempt 1, the client has left, header 1s left",
        ),
        (lambda: play(Bench(profile(), held=True), "end, connected, order expire"), "over"),
    ],
    ids=[
        "new", "body-read-whole", "connecting", "before-the-header", "before-the-header-for-long",
        "held-back", "pause", "body", "late-answer", "tunnel", "client-left", "over",
    ],
)  # fmt: skip
def test_a_stuck_exchange_says_where_it_stands(stuck: Callable[[], Bench], said: str) -> None:
    assert repr(stuck().exchange) == f"<Exchange 3 {said}>"


# ---- what the states put right


def test_a_request_of_which_nothing_was_sent_is_not_sent_again() -> None:
    bench = play(
        Bench(profile(timer(SLOW, after_upload=False), buffer_request=True, resend=(AGAIN,))), "body, alarm"
    )
    assert (bench.records[0].answer, bench.records[0].attempts) == ("timeout", 0)


def test_an_origin_given_up_for_a_late_answer_is_not_asked_again() -> None:
    bench = play(Bench(profile(SLOW, TWICE, resend=(timer_free(AGAIN),))), "connected, alarm, alarm, end")
    assert (bench.records[0].answer, bench.records[0].attempts) == ("timeout", 1)


def test_an_answer_held_back_is_dropped_with_its_attempt() -> None:
    again = msgspec.structs.replace(AGAIN, delay=Duration(0))
    bench = play(holding(profile(resend=(again,))), "end, connected, 200, order expire, connected, 503")
    assert bench.exchange.ordered is not None
    assert bench.exchange.ordered.describe().answered
    assert repr(bench.exchange.ordered) == "<Ordered hold, 1 events kept back>"


def test_an_order_to_expire_comes_when_a_slow_origin_has_taken_all_of_the_request() -> None:
    bench = Bench(profile(), held=True)
    bench.edge.held.order_next(Next(action=Action.EXPIRE))
    play(bench, "connected")
    assert bench.connection is not None
    bench.connection.is_full = True
    bench.give(OriginRoom(STREAM, Room.FULL))
    bench.end_request()
    assert bench.exchange.state is State.WAITING
    bench.connection.is_full = False
    bench.give(OriginRoom(STREAM, Room.FREE))
    assert bench.records[0].answer == "timeout"
