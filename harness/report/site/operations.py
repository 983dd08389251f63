"""Recorded exchanges and what each edge would have made of them as a page: operation x edge.

Reads the documents that `probe --json` and `audit --json` write, so it needs nothing of what measured them.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from firstbyte.harness.report.site.model import Case, Hue, Lanes, Mark, Row, Site, Word
from firstbyte.harness.report.site.runs import explained

type Record = Mapping[str, Any]

_WORDS = (
    Word(word="passes", sign="✓", hue=Hue.GOOD, meaning="the edge would have let it through"),
    Word(word="cut", sign="!", hue=Hue.BAD, meaning="the edge would have answered itself, or broken it off"),
    Word(word="unknown", sign="?", hue=Hue.DOUBT, meaning="it depends on a value nobody could confirm"),
    Word(word="not sent", sign="·", hue=Hue.NONE, meaning="the operation was not asked"),
)
_ENDS = {"complete", "truncated", "reset", "open"}


def site_of_document(document: Record, *, command: str, facts: Sequence[tuple[str, str]]) -> Site:
    """The page of one document. command: 'probe' or 'audit'."""
    records = _records(document)
    names = dict.fromkeys(name for record in records for name in record.get("findings") or ())
    return Site(
        title=f"firstbyte {command}",
        about="Each exchange as it was on the wire, and what every edge would have made of it.",
        row_noun="operation",
        column_noun="edge",
        case_noun="result",
        rows=tuple(Row(name=_name(record), title=str(record.get("problem") or "")) for record in records),
        cases=tuple(case for record in records for case in _cases(record)),
        words=_WORDS,
        facts=tuple(facts),
        findings=explained(names),
    )


def _records(document: Record) -> list[Record]:
    for key in ("operations", "entries"):
        if key in document:
            return list(document[key])
    return [document]


def _name(record: Record) -> str:
    return f"{record.get('method', 'GET')} {record.get('path') or record.get('url') or '/'}"


def _cases(record: Record) -> Iterator[Case]:
    edges = record.get("edges") or {}
    if not edges:
        why = str(record.get("problem") or "it was not asked")
        yield Case(
            row=_name(record), column="-", word="not sent", outcome="not sent", is_good=True, brief=why
        )
    for name, edge in edges.items():
        yield _case(record, name, edge)


def _case(record: Record, name: str, edge: Record) -> Case:
    word = edge["outcome"]
    wire = record.get("wire") or {}
    told = [("on the wire", _wire_words(wire)), ("behind this edge", _edge_words(edge))]
    if edge.get("cause"):
        told.append(("because", str(edge["cause"])))
    if edge.get("depends_on"):
        told.append(("depends on", f"{edge['depends_on']}; {edge.get('otherwise', '')}"))
    return Case(
        row=_name(record),
        column=name,
        word=word,
        outcome=word,
        is_good=word != "cut",
        brief=_edge_words(edge),
        told=tuple(told),
        findings=tuple(record.get("findings") or ()),
        facts=tuple((key, str(value)) for key, value in wire.items() if value not in (None, [], "")),
        lanes=(Lanes(title="On the wire", unit="real seconds", marks=tuple(_marks(wire, edge))),),
    )


def _wire_words(wire: Record) -> str:
    return f"{wire.get('status') or 'no status'}, {wire.get('end', '-')} after {_seconds(wire.get('end_s'))}"


def _edge_words(edge: Record) -> str:
    status = edge.get("status") or "no status"
    margin = edge.get("margin_s")
    spare = "" if margin is None else f", {_seconds(margin)} to spare" if margin >= 0 else ""
    return f"{edge['outcome']}: {status} after {_seconds(edge.get('at_s'))}{spare}"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g} s"


def _marks(wire: Record, edge: Record) -> Iterator[Mark]:
    """What the client saw, and when the edge would have cut it."""
    yield _mark(0, "client", "request-sent")
    for number, at in enumerate(wire.get("header_lines_s") or (), 1):
        yield _mark(at, "client", "header-line", count=number)
    for interim in wire.get("interims") or ():
        yield _mark(interim["at_s"], "client", "interim", status=interim["status"])
    if wire.get("header_s") is not None:
        yield _mark(wire["header_s"], "client", "header-completed", status=wire.get("status") or 0)
    if edge["outcome"] == "cut" and edge.get("at_s") is not None:
        timer = str(edge.get("timer") or "the edge")
        yield _mark(edge["at_s"], "edge", "timer-fired", hop=0, timer=timer)
        yield _mark(edge["at_s"], "edge", "answered", hop=0, status=edge.get("status") or 0)
    if wire.get("end_s") is not None:
        end = str(wire.get("end", "open"))
        yield _mark(wire["end_s"], "client", "ended", end=end if end in _ENDS else "open")


def _mark(at: float, actor: str, kind: str, **data: str | int) -> Mark:
    return Mark(at=round(at * 1_000_000), actor=actor, kind=kind, request=1, data=dict(data))
