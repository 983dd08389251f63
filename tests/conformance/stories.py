"""Whether a run in real mode tells the story of its simulation: verdict, statuses, ends, order of events."""

from collections.abc import Iterable, Iterator, Sequence

from firstbyte.harness.model.profile_ops import header_timers
from firstbyte.harness.model.result import Outcome, Run
from firstbyte.harness.model.timeline import Actor, Event, Kind
from firstbyte.harness.model.units import seconds
from firstbyte.harness.runner.plan import Options, Plan, make_plan
from firstbyte.harness.runner.selection import plans, select

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


def both_modes(words: Sequence[str] = ()) -> list[Plan]:
    """What can be compared of these suites or scenarios, or of all: what one mode can't run is left out."""
    return [
        plan for plan in plans(select(words), (), Options()) if {"sim", "real"} <= set(plan.scenario.modes)
    ]


def real_plan(plan: Plan) -> Plan:
    """The same in real mode, as fast as its limits allow."""
    return make_plan(plan.scenario, plan.edge, Options(mode="real", time_scale=scale_for(plan)))


def scale_for(plan: Plan) -> float:
    """How much faster than the scenario the wall goes."""
    limits = [timer.limit for hop in plan.profiles for timer in header_timers(hop) if timer.limit is not None]
    return SHORT_SCALE if min(limits, default=SHORT_LIMIT) < SHORT_LIMIT else SCALE


def differences(sim: Run, real: Run) -> list[str]:
    """What tells the two apart, a line each; also what tells either from its scenario's expectation."""
    wrong = [
        f"{run.mode}: {run.outcome}: {'; '.join((*run.mismatches, run.problem))}"
        for run in (sim, real)
        if run.outcome is not Outcome.PASS
    ]
    return wrong or list(_untrue(sim, real))


def _untrue(sim: Run, real: Run) -> Iterator[str]:
    if summary(sim) != summary(real):
        yield f"verdict, belief, effects, ends: {summary(sim)} in sim, {summary(real)} in real mode"
    for actor, kinds in TOLD.items():
        told, seen = (stories(run.timeline.of(actor, *kinds)) for run in (sim, real))
        if told != seen:
            yield f"{actor}: {told} in sim, {seen} in real mode"


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
