"""The grid as a page of results: wire shape x product, emulated and real timelines one below the other."""

from collections.abc import Sequence

from firstbyte.harness.files.loader import load_shape
from firstbyte.harness.grid.cell import Cell, GridCell, differences
from firstbyte.harness.grid.differences import is_as_listed
from firstbyte.harness.grid.table import seen, summary
from firstbyte.harness.model.units import as_seconds
from firstbyte.harness.report.site.model import Case, Hue, Lanes, Row, Site, Word
from firstbyte.harness.report.site.timers import marks_of

_AGREES = Word(word="agrees", sign="✓", hue=Hue.GOOD, meaning="emulated and real tell a client the same")
_LISTED = Word(word="differs as listed", sign="*", hue=Hue.DOUBT, meaning="they differ, and it is known why")
_DIFFERS = Word(
    word="not as listed", sign="!", hue=Hue.BAD, meaning="they differ and it is not listed, or the reverse"
)
_EMULATED = Word(word="emulated", sign="·", hue=Hue.FINE, meaning="only the emulated side was asked for")


def site_of(cells: Sequence[GridCell], facts: Sequence[tuple[str, str]]) -> Site:
    """The page of these cells."""
    shapes = dict.fromkeys(cell.shape for cell in cells)
    used = {_word(cell).word for cell in cells}
    return Site(
        title="firstbyte grid",
        about=f"Every wire shape behind every product, emulated and real: {summary(cells)}.",
        row_noun="shape",
        column_noun="product",
        case_noun="cell",
        rows=tuple(Row(name=name, claim=load_shape(name).title) for name in shapes),
        cases=tuple(_case(cell) for cell in cells),
        words=tuple(word for word in (_AGREES, _LISTED, _DIFFERS, _EMULATED) if word.word in used),
        facts=tuple(facts),
    )


def _word(cell: GridCell) -> Word:
    if cell.real is None:
        return _EMULATED
    if not is_as_listed(cell):
        return _DIFFERS
    return _AGREES if cell.agree else _LISTED


def _case(cell: GridCell) -> Case:
    is_good = cell.real is None or is_as_listed(cell)
    sides = [("emulated", cell.emulated), ("real", cell.real)]
    there = [(name, side) for name, side in sides if side is not None]
    reason = f"listed: {cell.listed_reason}" if cell.listed_reason else ""
    odd = () if is_good or cell.real is None else differences(cell.emulated, cell.real)
    return Case(
        row=cell.shape,
        column=cell.product,
        word=_word(cell).word,
        outcome="as listed" if is_good else "not as listed",
        is_good=is_good,
        brief="; ".join(f"{name} {_brief(side)}" for name, side in there),
        told=(*((name, _describe(side)) for name, side in there), *((("known", reason),) if reason else ())),
        problems=tuple(f"differs in: {name}" for name in odd),
        facts=(("product version", cell.product_version or "not asked"),),
        lanes=tuple(_lanes(name, side) for name, side in there),
        replay=f"firstbyte grid --shape {cell.shape} --real {cell.product}"
        + (" --emulated-only" if cell.real is None else ""),
    )


def _brief(side: Cell) -> str:
    return f"{seen(side)} at {as_seconds(side.at):.1f} s"


def _describe(side: Cell) -> str:
    status = "no header" if side.status is None else f"status {side.status}"
    return (
        f"{status}, {side.end} at {as_seconds(side.at):.1f} s of {as_seconds(side.limit):g} s; "
        f"requests at the origin: {side.origin_requests}, which saw: {side.origin_saw}"
    )


def _lanes(name: str, side: Cell) -> Lanes:
    unit = "virtual seconds" if name == "emulated" else "scaled seconds"
    return Lanes(title=f"Timeline, {name}", unit=unit, marks=marks_of(side.events))
