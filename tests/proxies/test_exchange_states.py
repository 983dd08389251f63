"""The states of an exchange: whatever happens, it keeps to the table, and it comes to every part of it."""

from collections.abc import Callable
from random import Random  # noqa: TID251 - Hypothesis makes the one in use

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firstbyte.harness.model.profile import (
    CloseKind,
    HoldHeader,
    OriginSide,
    Point,
    Profile,
    Resend,
    ResendCause,
)
from firstbyte.harness.model.units import Duration, seconds
from firstbyte.proxies.edge.state import FOLLOWS, State
from firstbyte.proxies.rules.orders import Action, Next
from tests.proxies.exchange_lab import Bench
from tests.proxies.exchange_walk import (
    AGAIN,
    LATE,
    SLOW,
    TWICE,
    WHOLE,
    Listening,
    holding,
    play,
    walk,
    without_timer,
)
from tests.proxies.lab import GAP, HEADER, profile, timer


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
        Bench(profile(timer(SLOW, limit=seconds(1)), resend=(without_timer(AGAIN),))),
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
