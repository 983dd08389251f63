"""Makes a Run of what was observed: judges it, looks for findings, compares it with the expectation. Pure."""

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
from firstbyte.harness.runner.expectation import Comparison, Shown, compare, describe, handler_of
from firstbyte.harness.runner.plan import Plan


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """All that one playing of a scenario gave."""

    exchanges: tuple[ClientExchange, ...]
    ledger: Ledger
    timeline: Timeline


_NOTHING = Observed(exchanges=(), ledger=Ledger(complete=False), timeline=Timeline(events=()))


def conclude(plan: Plan, observed: Observed, unknowns: tuple[str, ...] = ()) -> Run:
    """The Run of one observation."""
    judgement = judge(observed.exchanges, observed.ledger, plan.scenario.belief)
    profile = plan.profiles[0] if plan.profiles else None
    findings = find(observed.timeline, observed.exchanges, observed.ledger, judgement, profile)
    shown = Shown(judgement=judgement, ledger=observed.ledger, timeline=observed.timeline, findings=findings)
    comparison = compare(plan.expect, shown, plan.options)
    return _run(plan, comparison, unknowns, observed, judgement, findings)


def failed_run(plan: Plan, outcome: Outcome, problem: str, unknowns: tuple[str, ...] = ()) -> Run:
    """The Run of a scenario that could not be judged."""
    return _run(plan, Comparison(outcome=outcome, problem=problem), unknowns)


def _run(
    plan: Plan,
    comparison: Comparison,
    unknowns: tuple[str, ...],
    observed: Observed = _NOTHING,
    judgement: Judgement | None = None,
    findings: tuple[str, ...] = (),
) -> Run:
    scenario, options = plan.scenario, plan.options
    return Run(
        scenario=scenario.id,
        title=scenario.title or scenario.id,
        claim=scenario.claim,
        edge=plan.edge,
        target=options.target,
        handler=handler_of(observed.timeline, judgement.exchange.id) if judgement else "",
        server_handler=_server_handler(scenario.origin),
        mode=options.mode,
        time_scale=options.time_scale,
        seed=options.seed,
        belief_rule=scenario.belief,
        expected=describe(plan.expect),
        outcome=comparison.outcome,
        judgement=judgement,
        exchanges=observed.exchanges,
        fired=tuple(_fired(observed.timeline)),
        ledger=observed.ledger,
        findings=findings,
        timeline=observed.timeline,
        digest=digest(observed, exact=options.mode == "sim") if judgement else "",
        mismatches=comparison.mismatches,
        problem=comparison.problem,
        unknowns=unknowns,
        versions=plan.target.versions(),
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


def _fired(timeline: Timeline) -> Iterable[Fired]:
    for event in timeline.of(Actor.EDGE, Kind.TIMER_FIRED):
        yield Fired(
            request=event.request,
            hop=int(event.data.get("hop", 0)),
            timer=str(event.data["timer"]),
            at_s=as_seconds(event.at),
        )


def digest(observed: Observed, *, exact: bool) -> str:
    """A fingerprint of what happened.

    When exact, of every event and time; else of each actor's order of events and of the statuses.
    """
    encoder = msgspec.json.Encoder(enc_hook=int)
    if exact:
        content: object = (observed.timeline.events, observed.exchanges, observed.ledger)
    else:
        content = (
            # The empty list keeps fingerprints equal to those of results that were stored earlier.
            [*(_order(observed.timeline.events, actor) for actor in Actor), []],
            [(exchange.status, str(exchange.end)) for exchange in observed.exchanges],
        )
    return hashlib.sha256(encoder.encode(content)).hexdigest()[:16]


def _order(events: Iterable[Event], actor: Actor) -> list[str]:
    return [str(event.kind) for event in events if event.actor is actor]
