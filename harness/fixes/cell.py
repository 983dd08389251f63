"""One cell of the fix table: what became of the answer with this fix behind this edge. Pure."""

from enum import StrEnum
from typing import Any

import msgspec

from firstbyte.harness.model.judge import Judgement
from firstbyte.harness.model.verdict import ClientExchange, End, Verdict

SCHEMA = 1
#: An answer that comes before this part of the baseline's time has made it fail sooner.
_SOONER = 0.9


class Result(StrEnum):
    """What a fix does about the problem.

    cured: the client is told the truth. not-cured: it is told that it failed, as without the fix. worse: it
    is told less or something false, or it fails sooner. unknown: it depends on a value nobody could confirm.
    """

    CURED = "cured"
    NOT_CURED = "not-cured"
    WORSE = "worse"
    UNKNOWN = "unknown"


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One fix behind one edge. evidence: what was seen, and how the values it rests on are known.

    measured: on the real product; else emulated.
    """

    fix: str
    edge: str
    result: Result
    evidence: str
    measured: bool = False


def classify(judged: Judgement, findings: tuple[str, ...], baseline: ClientExchange) -> Result:
    """Compare with the baseline, which was answered by the edge with an error of its own."""
    exchange = judged.exchange
    if not exchange.framing_ok or "truncated-looks-complete" in findings:
        return Result.WORSE
    match judged.verdict:
        case Verdict.DELIVERED | Verdict.REFUSED:
            return Result.CURED
        case Verdict.DUPLICATE | Verdict.PHANTOM_SUCCESS | Verdict.TRUNCATED:
            return Result.WORSE
        case Verdict.PHANTOM_FAILURE | Verdict.UNRESOLVED:
            lost_status = exchange.status is None and baseline.status is not None
            hangs = exchange.end is End.OPEN and baseline.end is not End.OPEN
            sooner = (exchange.took or 0) < _SOONER * (baseline.took or 0)
            return Result.WORSE if lost_status or hangs or sooner else Result.NOT_CURED


def document(cells: tuple[Cell, ...], version: str) -> dict[str, Any]:
    """What --json writes."""
    return {"schema": SCHEMA, "firstbyte": version, "cells": [_record(one) for one in cells]}


def _record(cell: Cell) -> dict[str, Any]:
    return {"fix": cell.fix, "edge": cell.edge, "result": str(cell.result), "evidence": cell.evidence}
