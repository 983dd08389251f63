"""The guard of the ratios: what is worse than stored fails, in the direction that is worse for its unit."""

import msgspec
import pytest

from benchmarks import guard, peers
from benchmarks.figures import Figure, spread

SLOWER = Figure(id="one", what="a start", unit="s", value=spread([1]), beside="another", ratio=spread([2]))
RATE = msgspec.structs.replace(SLOWER, unit="req/s")
PEER = msgspec.structs.replace(SLOWER, beside=peers.OURS)


@pytest.mark.parametrize(
    ("figure", "stored", "is_worse"),
    [
        (SLOWER, 2.0, False),
        (SLOWER, 2 / 1.4, False),
        (SLOWER, 2 / 1.6, True),
        (SLOWER, 20.0, False),
        (RATE, 2 * 1.4, False),
        (RATE, 2 * 1.6, True),
        (RATE, 0.2, False),
        (PEER, 2 * 1.4, False),
        (PEER, 2 * 1.6, True),
        (PEER, 0.2, False),
    ],
)
def test_a_ratio_may_be_half_worse_and_any_amount_better(
    figure: Figure, stored: float, is_worse: bool
) -> None:
    assert bool(list(guard.worse([figure], {"one": stored}))) is is_worse


def test_a_figure_that_is_not_stored_is_not_judged() -> None:
    assert not list(guard.worse([SLOWER], {"two": 0.1}))


def test_the_message_names_figure_peer_and_both_ratios() -> None:
    (found,) = guard.worse([SLOWER], {"one": 1.0})
    assert str(found) == "a start: 2.00 x another, stored 1.00; more than 1.5 times worse"


def test_the_stored_ratios_are_of_figures_that_a_check_measures() -> None:
    groups = {"start", "play", "predict", "split", "suite", "peers", "pass"}
    assert {key.partition(".")[0] for key in guard.read_stored()} <= groups


def test_the_three_loops_play_the_same_exchange() -> None:
    names = [figure.what.rpartition(": ")[2] for figure in peers.measure(1, 1)]
    assert names == [peers.OURS, "async-solipsism", "looptime"]
