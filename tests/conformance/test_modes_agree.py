"""Every scenario that runs in both modes tells the same story in both: same verdict, statuses, ends, order
of events.

Real mode is origin and edge as processes of their own, on loopback, every time divided by SCALE.
"""

import asyncio
from collections.abc import Iterable, Iterator

import pytest

from firstbyte.harness.profile_ops import header_timers
from firstbyte.harness.result import Outcome, Run
from firstbyte.harness.runner.matrix import plans, select
from firstbyte.harness.runner.plan import Options, Plan, make_plan
from firstbyte.harness.runner.run import run_in_sim, run_real
from firstbyte.harness.timeline import Actor, Event, Kind
from firstbyte.harness.units import seconds

SCALE = 50.0
SHORT_LIMIT = seconds(20)
SHORT_SCALE = 25.0
"""For edges with a limit of 15 s, so that 2x on both sides of it is more than a busy machine's hiccup."""
TOLD = {
    Actor.CLIENT: {Kind.INTERIM, Kind.HEADER_COMPLETED, Kind.ENDED, Kind.LEFT, Kind.REFUSED},
    Actor.EDGE: {Kind.TIMER_FIRED, Kind.ANSWERED, Kind.CUT, Kind.RESENT, Kind.CLIENT_LEFT},
    Actor.ORIGIN: {
        Kind.ARRIVED,
        Kind.ADMITTED,
        Kind.PERSISTED,
        Kind.STARTED,
        Kind.FINISHED,
        Kind.FAILED,
        Kind.ABORTED,
        Kind.KILLED,
        Kind.RESTARTED,
    },
}
"""What is compared: facts whose order is the scenario's, not the scheduler's."""

AT_ONCE = 12
"""Runs in real mode at a time: they wait for their limits, so one after the other would take an hour."""
CHOSEN = [plan for plan in plans(select([]), (), Options()) if {"sim", "real"} <= set(plan.scenario.modes)]
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
        options = Options(mode="real", time_scale=scale_for(plan))
        self._runs[plan.name] = await run_real(make_plan(plan.scenario, plan.edge, options))


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
    assert real.outcome is Outcome.PASS, (real.mismatches, real.problem)
    assert sim.outcome is Outcome.PASS, (sim.mismatches, sim.problem)
    assert summary(real) == summary(sim)
    for actor, kinds in TOLD.items():
        assert stories(real.timeline.of(actor, *kinds)) == stories(sim.timeline.of(actor, *kinds)), actor


def scale_for(plan: Plan) -> float:
    """How much faster than the scenario the wall goes."""
    limits = [timer.limit for hop in plan.profiles for timer in header_timers(hop) if timer.limit is not None]
    return SHORT_SCALE if min(limits, default=SHORT_LIMIT) < SHORT_LIMIT else SCALE


def summary(run: Run) -> tuple[object, ...]:
    """Verdict, and how each request ended."""
    judged = run.judgement
    assert judged is not None
    ends = tuple((one.status, one.end, one.interims) for one in run.exchanges)
    return judged.verdict, judged.belief, judged.effects, ends


def stories(events: Iterable[Event]) -> dict[int, list[tuple[Kind, object]]]:
    """What happened to each request, in order, without the times: requests in flight together have no
    order.
    """
    told: dict[int, list[tuple[Kind, object]]] = {}
    for event in events:
        word = event.data.get("status") or event.data.get("timer")
        told.setdefault(event.request, []).append((event.kind, word))
    return told
