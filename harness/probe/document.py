"""The document that `firstbyte probe --json` writes, of plain types. The writer redacts it."""

from collections.abc import Sequence
from typing import Any

from firstbyte.harness.model.result import SCHEMA
from firstbyte.harness.model.units import as_seconds
from firstbyte.harness.predict.predictor import format_outcome
from firstbyte.harness.probe.edges import Judged
from firstbyte.harness.probe.examine import Examined


def probe_document(one: Examined, version: str) -> dict[str, Any]:
    """The document of one live exchange."""
    return {"schema": SCHEMA, "firstbyte": version, **record_of(one)}


def har_document(entries: Sequence[Examined], version: str) -> dict[str, Any]:
    """The document of a HAR file: an item for every entry, in order."""
    return {"schema": SCHEMA, "firstbyte": version, "entries": [record_of(one) for one in entries]}


def record_of(one: Examined) -> dict[str, Any]:
    """One exchange: what the wire showed, the findings and the predictions for edges."""
    return {
        "method": one.recording.method,
        "url": one.url,
        "wire": wire_of(one),
        "findings": list(one.findings),
        "edges": {judged.edge: edge_of(judged) for judged in one.edges},
    }


def wire_of(one: Examined) -> dict[str, Any]:
    """Times in seconds since the first byte of the request was written. dns, connect, tls: durations."""
    wire, setup = one.wire, one.recording.setup
    return {
        "dns_s": _seconds(setup.dns),
        "connect_s": _seconds(setup.connect),
        "tls_s": _seconds(setup.tls),
        "sent_s": _seconds(one.recording.sent_at),
        "first_byte_s": _seconds(wire.first_byte),
        "header_lines_s": [_seconds(at) for at in wire.header_lines],
        "interims": [{"at_s": _seconds(at), "status": status} for at, status in wire.interims],
        "header_s": _seconds(wire.header),
        "first_body_s": _seconds(wire.first_body),
        "longest_gap_s": _seconds(wire.longest_gap),
        "end_s": _seconds(wire.end_at),
        "end": str(wire.end),
        "status": wire.status,
        "body_bytes": wire.body_bytes,
    }


def edge_of(judged: Judged) -> dict[str, Any]:
    """The prediction for one edge. depends_on: the key that makes its outcome unknown."""
    one, unsure = judged.prediction, judged.unsure
    return {
        "outcome": str(one.outcome),
        "status": one.status,
        "end": str(one.end),
        "at_s": _seconds(one.at),
        "margin_s": _seconds(one.margin),
        "timer": one.timer,
        "cause": one.cause,
        "requests": one.requests,
        "depends_on": unsure.key if unsure else "",
        "otherwise": f"{unsure.value}: {format_outcome(unsure.other)}" if unsure else judged.note,
    }


def _seconds(at: int | None) -> float | None:
    return None if at is None else as_seconds(at)
