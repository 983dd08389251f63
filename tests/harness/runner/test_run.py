"""Runs tell a failing subject, a set-up that failed and a deadline that never fired apart."""

import msgspec
import pytest

from firstbyte.harness.model.profile import Evidence
from firstbyte.harness.model.result import Outcome
from firstbyte.harness.model.scenario import KillOrigin, Model, Send, ServerOrigin
from firstbyte.harness.model.units import seconds
from firstbyte.harness.model.verdict import Verdict
from firstbyte.harness.problems import BadInput
from firstbyte.harness.runner.plan import Options, Plan, make_plan
from firstbyte.harness.runner.play import run_in_sim
from firstbyte.harness.runner.selection import plans, select, shard
from tests.profiles import without_timer


def act(name: str = "act-1", edge: str = "cloudflare-100") -> Plan:
    return make_plan(select([name])[0], edge, Options())


def changed(plan: Plan, **changes: object) -> Plan:
    return msgspec.structs.replace(plan, scenario=msgspec.structs.replace(plan.scenario, **changes))


def test_a_deadline_that_never_fires_is_a_set_up_error_and_no_pass() -> None:
    quick = ServerOrigin(handler="no-content", model=Model(delay=seconds(1)))
    run = run_in_sim(changed(act(), origin=quick))
    assert run.outcome is Outcome.SETUP_ERROR
    assert run.problem == "timer 'proxy-read' never fired on request 1 (no timer did)"


def test_a_timer_taken_from_the_profile_is_gone_from_the_run() -> None:
    plan = act()
    hop = plan.hops[0]
    profile = without_timer(hop.profile, "proxy-read")
    bare = msgspec.structs.replace(hop, profile=profile, evidence=Evidence())
    run = run_in_sim(msgspec.structs.replace(plan, hops=(bare,), expect=None))
    assert run.judgement is not None
    assert (run.judgement.exchange.status, run.judgement.verdict) == (204, Verdict.DELIVERED)


def test_a_difference_is_named_key_by_key() -> None:
    plan = act()
    assert plan.expect is not None
    wrong = msgspec.structs.replace(plan.expect, status=504, effects=2)
    run = run_in_sim(msgspec.structs.replace(plan, expect=wrong))
    assert run.outcome is Outcome.FAIL
    assert run.mismatches == ("status: expected 504, saw 524", "effects: expected 2, saw 1")


def test_without_an_expectation_the_claim_decides() -> None:
    assert run_in_sim(msgspec.structs.replace(act(), expect=None)).outcome is Outcome.FAIL
    assert run_in_sim(msgspec.structs.replace(act("act-3"), expect=None)).outcome is Outcome.PASS


def test_a_killed_origin_is_started_again_to_be_asked() -> None:
    plan = changed(act("act-3"), step=(Send(), KillOrigin()))
    run = run_in_sim(msgspec.structs.replace(plan, expect=None))
    assert run.judgement is not None
    assert run.judgement.effects == 1


def test_two_hops_have_each_their_own_timers() -> None:
    plan = make_plan(select(["act-1"])[0], "cloudflare-100,nginx", Options())
    run = run_in_sim(plan)
    assert [(one.hop, one.at_s) for one in run.fired] == [(1, 60.0)]
    assert run.judgement is not None
    assert run.judgement.exchange.status == 504


def test_shards_cover_every_run_once() -> None:
    chosen = list(plans(select(["hero"]), (), Options()))
    parts = [shard(chosen, index, 3) for index in (1, 2, 3)]
    assert sorted(plan.name for part in parts for plan in part) == sorted(plan.name for plan in chosen)


def test_a_scenario_that_is_not_there_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(BadInput, match="no scenario or suite 'heroo'; did you mean 'hero'"):
        select(["heroo"])
