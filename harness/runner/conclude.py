"""From what was observed to a Run: ledger, verdict, findings, comparison, digest. Pure."""

import hashlib
from collections.abc import Iterable
from typing import assert_never

import msgspec

from firstbyte.harness.findings import find
from firstbyte.harness.model.judge import Judgement, judge
from firstbyte.harness.model.ledger import Ledger
from firstbyte.harness.model.result import Fired, Outcome, Run
from firstbyte.harness.model.scenario import Origin, ProductOrigin, ServerOrigin, ShapeOrigin
from firstbyte.harness.model.timeline import Actor, Event, Kind, Timeline
from firstbyte.harness.model.units import as_seconds
from firstbyte.harness.model.verdict import ClientExchange
from firstbyte.harness.runner.expectation import NeverFired, check_fired, describe, handler_of, mismatches
from firstbyte.harness.runner.plan import Plan, is_bad_without_expectation


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """All that one playing of a scenario gave."""

    exchanges: tuple[ClientExchange, ...]
    ledger: Ledger
    timeline: Timeline
    versions: dict[str, str] = {}


def conclude(plan: Plan, observed: Observed, unknowns: tuple[str, ...] = ()) -> Run:
    """The Run of one observation."""
    judged = judge(observed.exchanges, observed.ledger, plan.scenario.belief)
    profile = plan.profiles[0] if plan.profiles else None
    findings = find(observed.timeline, observed.exchanges, observed.ledger, judged, profile)
    outcome, problem, differences = _outcome(plan, observed, judged, findings)
    return msgspec.structs.replace(
        _unjudged(plan),
        handler=handler_of(observed.timeline, judged.exchange.id),
        outcome=outcome,
        judgement=judged,
        exchanges=observed.exchanges,
        fired=tuple(_fired(observed.timeline)),
        ledger=observed.ledger,
        findings=findings,
        timeline=observed.timeline,
        digest=digest(observed, exact=plan.options.mode == "sim"),
        mismatches=differences,
        problem=problem,
        unknowns=unknowns,
        versions=plan.versions | observed.versions,
    )


def failed_run(plan: Plan, outcome: Outcome, problem: str, unknowns: tuple[str, ...] = ()) -> Run:
    """The Run of a scenario that could not be judged."""
    return msgspec.structs.replace(_unjudged(plan), outcome=outcome, problem=problem, unknowns=unknowns)


def _unjudged(plan: Plan) -> Run:
    scenario, options = plan.scenario, plan.options
    return Run(
        scenario=scenario.id,
        title=scenario.title or scenario.id,
        claim=scenario.claim,
        edge=plan.edge,
        target=options.target,
        handler="",
        server_handler=_server_handler(plan.scenario.origin),
        mode=options.mode,
        time_scale=options.time_scale,
        seed=options.seed,
        belief_rule=scenario.belief,
        expected=describe(plan.expect) if plan.expect else "delivered or refused",
        outcome=Outcome.HARNESS_ERROR,
        judgement=None,
        exchanges=(),
        fired=(),
        ledger=Ledger(complete=False),
        findings=(),
        timeline=Timeline(events=()),
        digest="",
        versions=plan.versions,
    )


def _server_handler(origin: Origin) -> str:
    match origin:
        case ServerOrigin():
            return origin.handler
        case ShapeOrigin():
            return f"shape:{origin.shape}"
        case ProductOrigin():
            return ""
        case _:
            assert_never(origin)


def _outcome(
    plan: Plan, observed: Observed, judged: Judgement, findings: tuple[str, ...]
) -> tuple[Outcome, str, tuple[str, ...]]:
    expect = plan.expect
    if expect is None:
        bad = is_bad_without_expectation(judged.verdict)
        return (Outcome.FAIL if bad else Outcome.PASS), "", ((f"verdict: {judged.verdict}",) if bad else ())
    try:
        check_fired(expect, observed.timeline, judged.exchange.id)
    except NeverFired as error:
        return Outcome.SETUP_ERROR, str(error), ()
    differences = tuple(
        mismatches(
            expect,
            judged,
            observed.ledger,
            observed.timeline,
            findings,
            mode=plan.options.mode,
            time_scale=plan.options.time_scale,
        )
    )
    return (Outcome.FAIL if differences else Outcome.PASS), "", differences


def _fired(timeline: Timeline) -> Iterable[Fired]:
    for event in timeline.of(Actor.EDGE, Kind.TIMER_FIRED):
        yield Fired(
            request=event.request,
            hop=int(event.data.get("hop", 0)),
            timer=str(event.data["timer"]),
            at_s=as_seconds(event.at),
        )


def digest(observed: Observed, *, exact: bool) -> str:
    """A fingerprint of what happened: of every event and time when exact, else of each actor's order of
    events and statuses.
    """
    encoder = msgspec.json.Encoder(enc_hook=int)
    if exact:
        content: object = (observed.timeline.events, observed.exchanges, observed.ledger)
    else:
        content = (
            [_order(observed.timeline.events, actor) for actor in Actor],
            [(one.status, str(one.end)) for one in observed.exchanges],
        )
    return hashlib.sha256(encoder.encode(content)).hexdigest()[:16]


def _order(events: Iterable[Event], actor: Actor) -> list[str]:
    return [str(event.kind) for event in events if event.actor is actor]
