"""Which rounds there are, and what one comes to: from what was seen, without playing anything."""

import pytest

from firstbyte.harness.model.verdict import BeliefRule
from firstbyte.harness.plugin.round_verdict import EdgeSaw, Observed, last_answer, unfired, verdict_of
from firstbyte.harness.plugin.rounds import bytes_before, faults_of, target_of, targets
from firstbyte.harness.problems import BadInput
from firstbyte.proxies.rules.orders import Action, Seen


def seen(number: int, status: int = 201, **more: object) -> Seen:
    found = Seen(
        id=number, method="POST", path=f"/orders/{number}", status=status, end="complete", body_bytes=9
    )
    for name, value in more.items():
        setattr(found, name, value)
    return found


def saw(effects: dict[str, int] | None, *requests: Seen) -> Observed:
    return Observed(edges=(EdgeSaw(profile="nginx", requests=requests, timeline=()),), effects=effects)


def test_there_is_a_round_for_each_request_and_each_fault_that_fits_it() -> None:
    edges = [
        [seen(1), seen(2, 204, body_bytes=0), seen(3, 502, answer="closed")],
        [seen(1, 101), seen(2, 0, end="left")],
    ]
    assert [str(one) for one in targets(edges, faults_of("all"))] == [
        *("1:cut-header", "1:cut-body", "1:resend", "1:mutate"),
        *("2:cut-header", "2:resend", "2:mutate"),
        *("2.1:cut-header", "2.1:cut-body"),
    ]


@pytest.mark.parametrize(
    ("pattern", "rounds"),
    [
        ("*", ["1:resend", "2:resend"]),
        ("POST *", ["2:resend"]),
        ("* /status", ["1:resend"]),
        ("post *", []),
    ],
)
def test_a_pattern_chooses_the_requests_that_get_faults(pattern: str, rounds: list[str]) -> None:
    edges = [[seen(1, method="GET", path="/status?of=POST /1"), seen(2)]]
    assert [str(one) for one in targets(edges, faults_of("resend"), pattern)] == rounds


@pytest.mark.parametrize("text", ["1:cut-header", "12:mutate", "2.3:resend"])
def test_a_target_is_read_as_it_is_written(text: str) -> None:
    assert str(target_of(text)) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [("cut-body", "is not REQUEST:FAULT"), ("0:resend", "is not"), ("1:cut", "no fault 'cut'")],
)
def test_a_wrong_target_is_told(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        target_of(text)


def test_the_seed_says_where_a_body_is_cut_and_always_leaves_some() -> None:
    places = [bytes_before(target_of("1:cut-body"), 1000, seed) for seed in range(50)]
    assert places == [bytes_before(target_of("1:cut-body"), 1000, seed) for seed in range(50)]
    assert len(set(places)) > 40
    assert 0 <= min(places) < max(places) < 1000


@pytest.mark.parametrize(
    ("effects", "requests", "belief", "verdict"),
    [
        pytest.param({"a": 1}, (seen(1, 504, answer="timeout"),), "status", "phantom-failure", id="gave-up"),
        pytest.param({"a": 1}, (seen(1, 504, answer="timeout"),), "careful", "unresolved", id="unknown"),
        pytest.param({}, (seen(1, 504, answer="timeout"),), "status", "refused", id="did-not-happen"),
        pytest.param({}, (seen(1),), "status", "phantom-success", id="lost"),
        pytest.param({"a": 1}, (seen(1, 504), seen(2)), "status", "delivered", id="retried-once"),
        pytest.param({"a": 2}, (seen(1, 504), seen(2)), "status", "duplicate", id="retried-twice"),
        pytest.param(
            {"a": 1, "b": 1}, (seen(1, 504), seen(2)), "status", "duplicate", id="under-another-name"
        ),
        pytest.param({"a": 1}, (seen(1, end="cut"),), "status", "truncated", id="half"),
    ],
)
def test_what_was_told_is_held_against_what_is_there(
    effects: dict[str, int], requests: tuple[Seen, ...], belief: str, verdict: str
) -> None:
    found = verdict_of(
        saw({"a": 1}, seen(1)), saw(effects, *requests), target_of("1:cut-header"), BeliefRule(belief)
    )
    assert found is not None
    assert found.verdict == verdict


def test_nobody_is_judged_by_a_truth_that_is_unknown_or_by_a_read() -> None:
    target = target_of("1:cut-header")
    failed = seen(1, 504)
    assert verdict_of(saw(None, seen(1)), saw(None, failed), target, BeliefRule.STATUS) is None
    reads = saw({"a": 1}, seen(1, method="GET")), saw({"a": 1}, seen(1, 504, method="GET"))
    assert verdict_of(*reads, target, BeliefRule.STATUS) is None


def test_the_last_word_is_that_of_the_clients_own_retry() -> None:
    baseline = saw(None, seen(1), seen(2))
    observed = saw(None, seen(1, 504), seen(2, 504), seen(3), seen(4))
    assert last_answer(baseline, observed, target_of("1:cut-header")).id == 3


def test_a_fault_that_did_not_come_to_what_was_meant_is_told() -> None:
    baseline, target = saw(None, seen(1)), target_of("1:resend")
    assert "never came" in unfired(baseline, saw(None), target)
    assert "could not do it" in unfired(baseline, saw(None, seen(1)), target)
    other = seen(1, path="/else", fired=True, ordered=Action.RESEND)
    assert "not the same each time" in unfired(baseline, saw(None, other), target)
    assert unfired(baseline, saw(None, seen(1, path="/orders/77", fired=True)), target) == ""
