"""The report, on the runtime and the Hono of its time: the scenarios written for the reference server."""

import asyncio
from collections.abc import Sequence

import pytest

from firstbyte.harness.model.result import Outcome, Run
from firstbyte.harness.model.verdict import Verdict
from firstbyte.harness.problems import MissingTool
from firstbyte.harness.runner.plan import Options, Plan
from firstbyte.harness.runner.play import run_real
from firstbyte.harness.runner.selection import plans, select
from firstbyte.harness.targets.catalogue import find_target
from tests.conftest import lacking

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.clock]

SCALE = 50.0
AT_ONCE = 3


def played(target: str, scenarios: Sequence[str], at_once: int = AT_ONCE) -> dict[str, Run]:
    """Run so many at once, each with a server of its own."""
    try:
        find_target(target).require()
    except MissingTool as missing:
        lacking(str(missing))
    places = asyncio.Semaphore(at_once)

    async def all_of_them() -> list[Run]:
        async def one(plan: Plan) -> Run:
            async with places:
                return await run_real(plan)

        options = Options(mode="real", time_scale=SCALE, target=target)
        return await asyncio.gather(*map(one, plans(select(scenarios), (), options)))

    return {run.name: run for run in asyncio.run(all_of_them())}


@pytest.mark.parametrize(
    "scenarios",
    [["act-1", "act-4", "act-4b", "act-6a"], pytest.param(["hero"], marks=pytest.mark.soak)],
    ids=["what stalls", "all acts"],
)
def test_the_report_is_the_same_story_on_the_real_runtime_as_on_the_reference(
    scenarios: list[str],
) -> None:
    runs = played("hono-bun", scenarios)
    assert {name: run.mismatches or run.problem for name, run in runs.items() if run.outcome != "pass"} == {}
    assert {run.versions["bun"] for run in runs.values()} == {"1.3.10"}
    verdicts = {run.scenario: run.judgement and run.judgement.verdict for run in runs.values()}
    assert verdicts["act-1"] is Verdict.PHANTOM_FAILURE
    assert verdicts["act-4"] is Verdict.DELIVERED
    assert verdicts["act-4b"] is Verdict.PHANTOM_FAILURE
    assert verdicts["act-6a"] is Verdict.PHANTOM_FAILURE


def test_bun_1_4_sends_a_204_whose_callback_awaits_at_once() -> None:
    run = played("hono-bun-1.4", ["act-4b"])["act-4b[nginx]"]
    assert (run.outcome, run.judgement and run.judgement.verdict) == (Outcome.PASS, Verdict.DELIVERED)


def test_a_killed_runtime_keeps_what_was_durable_and_only_that() -> None:
    # One at a time: a runtime that starts again in the middle of a run needs a processor for itself.
    runs = played("hono-node", ["act-6b", "dies-after-persist-same-ids"], at_once=1)
    assert {name: run.problem for name, run in runs.items() if run.outcome is not Outcome.PASS} == {}
