"""Evidence rule 5: a result holds when no allowed value of an unknown key changes it, and is not applicable
otherwise.
"""

import msgspec
import pytest

from firstbyte.harness.files.loader import LoadedProfile, load_profile
from firstbyte.harness.files.setting import change
from firstbyte.harness.model.profile import Evidence, Unknown
from firstbyte.harness.model.result import Outcome
from firstbyte.harness.runner.plan import Options, Plan, make_plan
from firstbyte.harness.runner.play import observe_in_sim, run_in_sim
from firstbyte.harness.runner.selection import select
from firstbyte.harness.runner.unknowns import is_consulted, summary


def plan_with(scenario: str, *unknown: Unknown, edge: str = "cloudflare-100") -> Plan:
    plan = make_plan(select([scenario])[0], edge, Options())
    hop = msgspec.structs.replace(plan.hops[0], evidence=Evidence(unknown=unknown))
    return msgspec.structs.replace(plan, hops=(hop,))


def test_an_unknown_limit_that_decides_makes_the_scenario_not_applicable() -> None:
    limit = Unknown(key="timers.proxy-read.limit", allowed=("100s", "200s"), assume="100s")
    run = run_in_sim(plan_with("act-1", limit))
    assert run.outcome is Outcome.NOT_APPLICABLE
    assert "timers.proxy-read.limit" in run.problem


def test_an_unknown_that_changes_nothing_is_told_and_the_result_holds() -> None:
    resets = Unknown(
        key="timers.proxy-read.reset_by",
        allowed=(["body-read"], ["body-read", "origin-read"]),
        assume=["body-read"],
    )
    run = run_in_sim(plan_with("act-1", resets))
    assert run.outcome is Outcome.PASS
    assert run.unknowns == ("timers.proxy-read.reset_by",)


EDGES = [load_profile(name) for name in ("cloudflare-100", "nginx", "heroku")]


@pytest.mark.parametrize("hop", EDGES, ids=lambda hop: hop.profile.id)
@pytest.mark.parametrize("scenario", ["act-1", "act-3", "act-4b"])
def test_a_key_that_was_not_consulted_really_changes_nothing(scenario: str, hop: LoadedProfile) -> None:
    plan = make_plan(select([scenario])[0], hop.profile.id, Options())
    observed = observe_in_sim(plan)
    skipped = [one for one in hop.evidence.unknown if not is_consulted(one, observed.timeline)]
    for unknown in skipped:
        for value in unknown.allowed:
            changed = msgspec.structs.replace(plan, hops=(change(hop, {unknown.key: value}),))
            assert summary(observe_in_sim(changed).exchanges) == summary(observed.exchanges), (
                unknown.key,
                value,
            )
