"""Every scenario that runs in both modes tells the same story in both: same verdict, statuses, ends, order
of events.

Real mode is origin and edge as processes of their own, on loopback, every time divided by SCALE.
"""

import asyncio
from collections.abc import Iterator

import pytest

from firstbyte.harness.result import Outcome, Run
from firstbyte.harness.runner.plan import Plan
from firstbyte.harness.runner.run import run_in_sim, run_real
from tests.conformance.stories import both_modes, differences, real_plan

AT_ONCE = 12
"""Runs in real mode at a time: they wait for their limits, so one after the other would take an hour."""
CHOSEN = both_modes()
GROUPS = [CHOSEN[at : at + AT_ONCE] for at in range(0, len(CHOSEN), AT_ONCE)]


def params() -> Iterator[object]:
    """Each plan with the group it is played in."""
    for number, group in enumerate(GROUPS):
        for plan in group:
            yield pytest.param(number, plan, id=f"{plan.name}@group-{number}")


class Playing:
    """Plays a group's plans at once, when the first of them is asked for; only those that were selected."""

    def __init__(self, selected: set[str]) -> None:
        self._selected = selected
        self._runs: dict[str, Run] = {}

    def run(self, number: int, plan: Plan) -> Run:
        if plan.name not in self._runs:
            asyncio.run(self._play([one for one in GROUPS[number] if one.name in self._selected]))
        return self._runs[plan.name]

    async def _play(self, group: list[Plan]) -> None:
        async with asyncio.TaskGroup() as tasks:
            for plan in group:
                tasks.create_task(self._play_one(plan))

    async def _play_one(self, plan: Plan) -> None:
        self._runs[plan.name] = await run_real(real_plan(plan))


@pytest.fixture(scope="session")
def playing(request: pytest.FixtureRequest) -> Playing:
    items = [item for item in request.session.items if isinstance(item, pytest.Function)]
    plans_of = [item.callspec.params.get("plan") for item in items if hasattr(item, "callspec")]
    return Playing({plan.name for plan in plans_of if isinstance(plan, Plan)})


@pytest.mark.clock
@pytest.mark.slow
@pytest.mark.parametrize(("number", "plan"), [*params()])
def test_sim_and_real_tell_the_same_story(playing: Playing, number: int, plan: Plan) -> None:
    sim = run_in_sim(plan)
    if sim.outcome is Outcome.NOT_APPLICABLE:
        pytest.skip(sim.problem)
    real = playing.run(number, plan)
    assert differences(sim, real) == []
