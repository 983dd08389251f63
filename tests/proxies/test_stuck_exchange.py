"""What an exchange says of itself when it is stuck, and what its states put right."""

from collections.abc import Callable

import msgspec
import pytest

from firstbyte.harness.model.profile import (
    CloseKind,
    OriginSide,
)
from firstbyte.harness.model.units import Duration, seconds
from firstbyte.proxies.edge.state import State
from firstbyte.proxies.http.signals import (
    OriginRoom,
    Room,
)
from firstbyte.proxies.rules.orders import Action, Next
from tests.proxies.exchange_lab import STREAM, Bench
from tests.proxies.exchange_walk import AGAIN, LONG, SLOW, TWICE, holding, play, without_timer
from tests.proxies.lab import profile, timer


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
    bench = play(Bench(profile(SLOW, TWICE, resend=(without_timer(AGAIN),))), "connected, alarm, alarm, end")
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
