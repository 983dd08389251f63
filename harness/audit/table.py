"""The audit in a terminal: operations down, edges across, the worst first; below it what helps.

It must never be wider than its terminal.
"""

from collections.abc import Iterator, Sequence

from firstbyte.harness.audit.baseline import Trouble, troubles_of
from firstbyte.harness.audit.run import Audited
from firstbyte.harness.findings.catalogue import load_finding
from firstbyte.harness.model.prediction import Outcome
from firstbyte.harness.probe.edges import Judged
from firstbyte.harness.probe.examine import Examined
from firstbyte.harness.probe.picture import short, worst_first
from firstbyte.harness.probe.words import answer_words, edge_words, format_client_result
from firstbyte.harness.report.paint import Line, Piece, Tone, cropped, line
from firstbyte.harness.report.plain import crop_middle, fit, fold
from firstbyte.harness.report.words import count

_CELLS = {
    Outcome.PASSES: (".", Tone.GOOD),
    Outcome.CUT: ("x", Tone.BAD),
    Outcome.UNKNOWN: ("?", Tone.DOUBTFUL),
}
_ANSWER = 14
_LEAST_NAME = 16
_MOST_EDGES = 3
_MOST_LABELS = 5


def worst_operations_first(audited: Sequence[Audited]) -> list[Audited]:
    """Most edges that cut it, then most findings, then the slowest; what was not sent comes last."""
    return sorted(audited, key=lambda one: (*_rank(one.examined), one.operation.label))


def _rank(one: Examined | None) -> tuple[int, ...]:
    return (0, -len(one.cut_by), -len(one.findings), -one.wire.end_at) if one else (1,)


def table(audited: Sequence[Audited], known: frozenset[Trouble] | None, width: int) -> Iterator[Line]:
    """Everything. known: the troubles of the baseline."""
    rows = worst_operations_first(audited)
    edges = next(([judged.edge for judged in one.examined.edges] for one in rows if one.examined), [])
    names = max(width - _ANSWER - len(edges) - 2, _LEAST_NAME)
    for one in rows:
        if one.examined is not None:
            yield _row(one.operation.label, one.examined, names, width)
    yield from _not_sent(rows, width)
    yield ()
    yield from _legend(edges, width)
    for one in rows:
        yield from _details(one, known, width)
    yield ()
    yield from (line(text) for text in fold(summary(audited, known), width))


def _row(label: str, examined: Examined, names: int, width: int) -> Line:
    name = fit(crop_middle(label, names), names)
    wire = examined.wire
    answer = "none" if wire.status is None else str(wire.status)
    took = fit(f"{answer} {short(wire.end_at)}", _ANSWER)
    return cropped((*line(name, " ", took), *_cells(examined)), width)


def _not_sent(rows: Sequence[Audited], width: int) -> Iterator[Line]:
    """One paragraph for each reason."""
    reasons: dict[str, list[str]] = {}
    for one in rows:
        if one.examined is None:
            reasons.setdefault(one.problem, []).append(one.operation.label)
    for reason, labels in reasons.items():
        rest = len(labels) - _MOST_LABELS
        names = ", ".join(labels[:_MOST_LABELS]) + (f" and {rest} more" if rest > 0 else "")
        yield from (line(Piece(text, Tone.FAINT)) for text in fold(f"{reason}: {names}", width, indent="  "))


def _cells(examined: Examined) -> Iterator[Piece]:
    for judged in examined.edges:
        text, tone = _CELLS[judged.prediction.outcome]
        yield Piece(text, tone)


def _legend(edges: Sequence[str], width: int) -> Iterator[Line]:
    text = f"x cut, . passes, ? unknown; edges from the left: {', '.join(edges)}"
    yield from (line(Piece(one, Tone.FAINT)) for one in fold(text, width, indent="  "))


def _details(one: Audited, known: frozenset[Trouble] | None, width: int) -> Iterator[Line]:
    examined = one.examined
    if examined is None or not (examined.cut_by or examined.findings):
        return
    new = {name for label, name in troubles_of(one) if known is not None and (label, name) not in known}
    mark = Piece("  new", Tone.BAD) if new else ""
    yield ()
    label = Piece(one.operation.label, Tone.STRONG)
    yield cropped(
        line(label, f"  {answer_words(examined.wire)} after {short(examined.wire.end_at)}", mark), width
    )
    for text in _cut_lines(examined):
        yield from (line("  ", folded) for folded in fold(text, width - 2, indent="  "))
    for id_ in examined.findings:
        yield from _finding(id_, id_ in new, width)


def _cut_lines(examined: Examined) -> Iterator[str]:
    """Edges that tell the client the same stand together."""
    cut = sorted((one for one in examined.edges if one.prediction.outcome is Outcome.CUT), key=worst_first)
    groups: dict[str, list[Judged]] = {}
    for one in cut:
        groups.setdefault(format_client_result(one.prediction), []).append(one)
    for told, members in groups.items():
        if len(members) == 1:
            yield f"{members[0].edge}: {edge_words(members[0])}"
            continue
        names = ", ".join(one.edge for one in members[:_MOST_EDGES])
        rest = len(members) - _MOST_EDGES
        yield f"{names}{f' and {rest} more' if rest > 0 else ''}: {told}"


def _finding(id_: str, is_new: bool, width: int) -> Iterator[Line]:
    text = load_finding(id_)
    mark = Piece(" (new)", Tone.BAD) if is_new else ""
    yield cropped(line("  ", Piece(id_, Tone.DOUBTFUL), mark, f"  {text.title}"), width)
    for cure in text.cures[:1]:
        yield from (
            line("    ", Piece(one, Tone.FAINT)) for one in fold(f"cure: {cure}", width - 4, indent="  ")
        )


def summary(audited: Sequence[Audited], known: frozenset[Trouble] | None) -> str:
    """`12 operations sent, 3 not sent, 2 in trouble, nothing new since the baseline`."""
    sent = [one for one in audited if one.sent]
    bad = [one for one in sent if any(True for _ in troubles_of(one))]
    found = frozenset(trouble for one in audited for trouble in troubles_of(one))
    parts = [
        f"{count(len(sent), 'operation')} sent, {len(audited) - len(sent)} not sent",
        f"{len(bad)} that an edge would cut or with a bug on the wire",
    ]
    refused = sum(one.examined is not None and 400 <= (one.examined.wire.status or 0) < 500 for one in sent)
    if refused:
        parts.append(f"{refused} answered 4xx: give real values with --param NAME=VALUE or --header")
    if known is not None:
        new = len(found - known)
        parts.append(f"{new} new since the baseline" if new else "nothing new since the baseline")
    return "; ".join(parts)
