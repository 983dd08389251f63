"""`scenario_complaints`: each mistake gives one sentence that says where, what and what next."""

from typing import Any

import pytest

from firstbyte.harness.checks.scenario import scenario_complaints
from firstbyte.harness.files.loader import decode, load_profile, load_shape, shape_names
from firstbyte.harness.model.scenario import Suite

PROFILES = {name: load_profile(name).profile for name in ("cloudflare", "nginx", "envoy")}
SHAPES = {name: load_shape(name) for name in shape_names()}
EXPECT = {
    "verdict": "phantom-failure",
    "status": 504,
    "at": "60s",
    "fired": ["proxy-read-header"],
    "effects": 1,
}
SCENARIO = {
    "id": "slow",
    "claim": "A client must be told the truth.",
    "source": "our incident of 2026-05-04",
    "origin": {"kind": "server", "handler": "await-result", "model": {"delay": "120s"}},
    "step": [{"do": "send"}],
    "edge": {"nginx": EXPECT},
}
DELIVERED = {"verdict": "delivered", "status": 200, "effects": 1, "fired": []}
DEAD = [{"do": "kill-origin"}, {"do": "send"}, {"do": "restart-origin"}]


def suite(*scenarios: dict[str, Any]) -> Suite:
    return decode({"suite": "mine", "about": "mine", "scenario": list(scenarios)}, Suite, "mine.toml")


def complaints(**changes: object) -> list[str]:
    return list(scenario_complaints(suite({**SCENARIO, **changes}), PROFILES, SHAPES))


def expecting(edge: str = "nginx", **changes: object) -> dict[str, Any]:
    return {"edge": {edge: {**EXPECT, **changes}}}


def test_a_sound_scenario_has_no_complaint() -> None:
    assert complaints() == []


def test_two_scenarios_with_one_id_are_a_complaint() -> None:
    found = list(scenario_complaints(suite(SCENARIO, SCENARIO), PROFILES, SHAPES))
    assert found == ["mine.toml: slow: two scenarios have this id; rename one"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"claim": "It works."}, "claim: states no obligation; say what must, should or may be"),
        ({"source": " "}, "source: is empty; name the page, the issue or the measurement it comes from"),
        (
            {"source": "somebody said so"},
            "source: has no date; add when it was written or measured, such as '(2026-03)'",
        ),
        (
            {"edge": {}},
            "edge: is empty; state what is expected behind at least one edge, or behind 'direct'",
        ),
        ({"modes": []}, "modes: is empty; write 'sim', 'real' or both"),
        (
            {"step": [{"do": "wait", "for": "1s"}]},
            "step: nothing is sent, so nothing can be judged; add { do = 'send' }",
        ),
        (
            {"step": [{"do": "send", "http": "2", "pace": "3s"}]},
            "step: http = '2' sends at once on a connection of its own; leave pace and connection out",
        ),
        (
            {"step": [{"do": "send", "ids": "same"}]},
            "step: the first send has ids = 'same', but there is none before it; write 'new'",
        ),
        (
            {"step": [{"do": "send", "after": "failure"}]},
            "step: the first send has after = 'failure', but there is none before it; leave it out",
        ),
        (
            {"step": [{"do": "send", "wait": False}, {"do": "send", "after": "failure"}]},
            "step: after = 'failure' must know how the send before it ends; leave its wait = false out",
        ),
        (
            {"origin": {"kind": "shape", "shape": "silent"}},
            "step: a wire shape knows no sessions; write operation = 'request'",
        ),
        (
            {"origin": {"kind": "shape", "shape": "silnt"}, "step": [{"do": "send", "operation": "request"}]},
            "origin.shape: there is no shape 'silnt'; did you mean 'silent'?",
        ),
        (
            {"origin": {"kind": "server", "handler": "await-reslt"}},
            "origin.handler: there is no handler 'await-reslt'; did you mean 'await-result'?",
        ),
        (
            {"step": [{"do": "send", "handler": "idempotant"}]},
            "step.handler: there is no handler 'idempotant'; did you mean 'idempotent'?",
        ),
        (expecting("ngnix"), "edge.ngnix: there is no edge 'ngnix'; did you mean 'nginx'?"),
        (
            expecting(handler="awaitresult"),
            "edge.nginx.handler: there is no handler 'awaitresult'; did you mean 'await-result'?",
        ),
        (
            expecting(fired=["proxy-read-head"]),
            "edge.nginx.fired: nginx has no timer 'proxy-read-head'; did you mean 'proxy-read-header'?",
        ),
        (
            expecting(set={"timer.connect.limit": "1s"}),
            "edge.nginx.set: a profile has no key 'timer'; did you mean 'timers'?",
        ),
        (
            expecting(set={"timers.conect.limit": "1s"}),
            "edge.nginx.set: nginx has no timer 'conect'; did you mean 'connect'?",
        ),
        (
            {"edge": {"direct": {**DELIVERED, "set": {"hold_header": "no"}}}},
            "edge.direct.set: changes a profile, but there is no edge; remove it",
        ),
        (
            expecting(fired=[]),
            "edge.nginx.status: 504 is the edge's own answer, but no timer is to fire and the origin "
            "neither closes nor breaks; write which timer fires",
        ),
        (
            expecting(status=502),
            "edge.nginx.status: 502 is not what 'proxy-read-header' answers; it gives 504",
        ),
        (
            expecting(effects=0),
            "edge.nginx.effects: 0 can't be judged 'phantom-failure'; write 1, or another verdict",
        ),
        (
            expecting(verdict="duplicate"),
            "edge.nginx.effects: 1 can't be judged 'duplicate'; write 2 or more, or another verdict",
        ),
        (
            {"edge": {"direct": {"verdict": "phantom-failure", "status": 200, "belief": "ok"}}},
            "edge.direct.belief: 'ok' can't be judged 'phantom-failure'; write 'failed', or another verdict",
        ),
        (
            expecting(verdict="truncated"),
            "edge.nginx.status: 504 can't be judged 'truncated', only a 2xx can",
        ),
        (
            expecting(verdict="delivered"),
            "edge.nginx.status: 504 is not believed; only a careful client that reconciles can call it ok",
        ),
        (
            expecting(verdict="unresolved"),
            "edge.nginx.belief: a client with the rule 'status' never doubts; "
            "write the scenario's belief = 'careful'",
        ),
        (
            {"edge": {"direct": {"verdict": "phantom-failure", "status": 200, "end": "complete"}}},
            "edge.direct.belief: a complete 200 is believed 'ok'; write that, or another end",
        ),
        (
            {"edge": {"direct": {"verdict": "refused", "status": 0, "end": "complete"}}},
            "edge.direct.end: an answer without a header can't be complete; "
            "write 'truncated', 'reset' or 'open'",
        ),
        (
            {"edge": {"direct": {**DELIVERED, "end": "reset"}}},
            "edge.direct.end: a 2xx that ends 'reset' is not believed; write 'complete', or another verdict",
        ),
        (
            expecting(first_byte="61s"),
            "edge.nginx.first_byte: comes after 'at', the end of the answer; swap them",
        ),
        (
            {
                "edge": {
                    "direct": {
                        "verdict": "truncated",
                        "status": 200,
                        "effects": 0,
                        "belief": "ok",
                    }
                }
            },
            "edge.direct.verdict: ok with no effect is judged 'phantom-success' before 'truncated'",
        ),
    ],
)
def test_a_mistake_is_one_sentence(changes: dict[str, object], sentence: str) -> None:
    assert complaints(**changes) == [f"mine.toml: slow: {sentence}"]


@pytest.mark.parametrize(("delay", "is_near"), [("30s", False), ("31s", True), ("77s", True), ("78s", False)])
def test_an_answer_near_a_limit_is_for_sim_alone(delay: str, is_near: bool) -> None:
    origin = {"kind": "server", "handler": "await-result", "model": {"delay": delay}}
    near = [one for one in complaints(origin=origin) if "too near to 'proxy-read-header' (60s)" in one]
    assert bool(near) is is_near
    assert complaints(origin=origin, modes=["sim"]) == []


def test_a_limit_that_the_case_sets_is_the_one_that_counts() -> None:
    case = expecting(set={"timers.proxy-read-header.limit": "100s"}, at="100s")
    assert "too near to 'proxy-read-header' (100s)" in complaints(**case)[0]


def test_a_silent_shape_is_held_against_the_limits_too() -> None:
    origin = {"kind": "shape", "shape": "silent-then-204"}
    step = [{"do": "send", "operation": "request"}]
    case = {"edge": {"cloudflare": {**DELIVERED, "status": 204}}}
    assert (
        "the first byte comes at 120s, too near to 'proxy-read' (125s)"
        in complaints(origin=origin, step=step, **case)[0]
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"step": DEAD, "edge": {"nginx": {"verdict": "refused", "status": 502, "fired": []}}},
        {
            "origin": {"kind": "shape", "shape": "close-before-any-byte"},
            "step": [{"do": "send", "operation": "request"}],
            "edge": {"nginx": {"verdict": "phantom-failure", "status": 502, "fired": []}},
        },
        {
            "origin": {"kind": "shape", "shape": "504-from-origin"},
            "step": [{"do": "send", "operation": "request"}],
            "edge": {"nginx": {"verdict": "phantom-failure", "status": 504, "fired": []}},
        },
    ],
    ids=["killed", "closed", "said by the origin"],
)
def test_an_edges_answer_without_a_timer_needs_another_cause(changes: dict[str, object]) -> None:
    assert complaints(**changes) == []
