"""The result of one scenario behind one edge, and the JSON document that other people's scripts read.

The document's field names and their meaning are fixed. A set-up error is a result too: no run is left out.
"""

from enum import StrEnum
from typing import Any

import msgspec

from firstbyte.harness.model.judge import Judgement, belief_of
from firstbyte.harness.model.ledger import Ledger
from firstbyte.harness.model.timeline import Event, Timeline
from firstbyte.harness.model.units import as_seconds
from firstbyte.harness.model.verdict import BeliefRule, ClientExchange

SCHEMA = 1


class Outcome(StrEnum):
    """Whether the run showed what its scenario expects. Only `fail` is a statement about the subject."""

    PASS = "pass"
    FAIL = "fail"
    SETUP_ERROR = "setup-error"
    HARNESS_ERROR = "harness-error"
    NOT_APPLICABLE = "not-applicable"


class Fired(msgspec.Struct, frozen=True, kw_only=True):
    """A deadline that fired. at_s: seconds since the run began."""

    request: int
    hop: int
    timer: str
    at_s: float


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run. judgement: None when nothing could be judged.

    mismatches: a line for each key that differed from the expectation. problem: why the run is a set-up error
    or a harness error, or not applicable. unknowns: the unknown profile keys, when the result was the same
    with each of their values; empty in real mode, which plays the assumed values only.
    """

    scenario: str
    title: str
    claim: str
    edge: str
    target: str
    handler: str
    server_handler: str
    mode: str
    time_scale: float
    seed: int
    belief_rule: BeliefRule
    outcome: Outcome
    judgement: Judgement | None
    exchanges: tuple[ClientExchange, ...]
    fired: tuple[Fired, ...]
    ledger: Ledger
    findings: tuple[str, ...]
    timeline: Timeline
    digest: str
    expected: str = ""
    mismatches: tuple[str, ...] = ()
    problem: str = ""
    unknowns: tuple[str, ...] = ()
    versions: dict[str, str] = {}

    @property
    def name(self) -> str:
        """`scenario[edge]`, as pytest and the tables show it."""
        return f"{self.scenario}[{self.edge}]"


def document(runs: tuple[Run, ...], version: str) -> dict[str, Any]:
    """The JSON document of `--json`: plain types only, seconds as floats."""
    return {"schema": SCHEMA, "firstbyte": version, "runs": [run_record(run) for run in runs]}


def run_record(run: Run) -> dict[str, Any]:
    """One RUN of the document."""
    judged = run.judgement
    return {
        "scenario": run.scenario,
        "edge": run.edge,
        "target": run.target,
        "handler": run.handler,
        "server_handler": run.server_handler,
        "mode": run.mode,
        "time_scale": run.time_scale,
        "seed": run.seed,
        "outcome": str(run.outcome),
        "verdict": str(judged.verdict) if judged else None,
        "belief": str(judged.belief) if judged else None,
        "effects": judged.effects if judged else None,
        "model_calls": run.ledger.model_calls.get(judged.exchange.intent, 0) if judged else None,
        "requests": [exchange_record(one, run.belief_rule) for one in run.exchanges],
        "client": exchange_record(judged.exchange, run.belief_rule) if judged else None,
        "fired": msgspec.to_builtins(run.fired),
        "ledger": msgspec.to_builtins(run.ledger, str_keys=True),
        "findings": list(run.findings),
        "timeline": [_event_record(event) for event in run.timeline.events],
        "digest": run.digest,
        "claim": run.claim,
        "title": run.title,
        "expected": run.expected,
        "mismatches": list(run.mismatches),
        "problem": run.problem,
        "unknowns": list(run.unknowns),
        "versions": run.versions,
    }


def exchange_record(exchange: ClientExchange, rule: BeliefRule) -> dict[str, Any]:
    """One REQ of the document."""
    return {
        "id": exchange.id,
        "method": exchange.method,
        "path": exchange.path,
        "status": exchange.status,
        "first_byte_s": _since(exchange.first_byte_at, exchange.sent_at),
        "header_s": _since(exchange.header_at, exchange.sent_at),
        "end_s": _since(exchange.end_at, exchange.sent_at),
        "end": str(exchange.end),
        "belief": str(belief_of(exchange, rule)),
    }


def _since(at: int | None, start: int) -> float | None:
    return None if at is None else as_seconds(at - start)


def _event_record(event: Event) -> dict[str, Any]:
    record: dict[str, Any] = {
        "at_s": as_seconds(event.at),
        "actor": str(event.actor),
        "event": str(event.kind),
    }
    if event.request:
        record["request"] = event.request
    return record | event.data
