"""The grid in a terminal: shapes down, products across, what is not as listed below.

It must never be wider than its terminal.
"""

from collections.abc import Iterator, Sequence

from firstbyte.harness.grid.cell import Cell, GridCell
from firstbyte.harness.grid.differences import is_as_listed, surprises
from firstbyte.harness.report.paint import Line, Piece, Tone, line
from firstbyte.harness.report.plain import crop, fit, fold

_CELL = 7
_MOST_SHAPE = 38
_END = {"complete": "", "truncated": "t", "reset": "r", "open": "o"}


def table(cells: Sequence[GridCell], width: int) -> list[Line]:
    """All lines: head, a row for each shape, surprises, legend, summary."""
    products = list(dict.fromkeys(cell.product for cell in cells))
    by_shape: dict[str, list[GridCell]] = {}
    for cell in cells:
        by_shape.setdefault(cell.shape, []).append(cell)
    room = width - _CELL * len(products)
    names = max(min(max((len(name) for name in by_shape), default=0) + 1, _MOST_SHAPE, room), 8)
    head = "".join(fit(crop(product, _CELL - 1), _CELL) for product in products)
    rows = [line(Piece(fit("", names) + head, Tone.FAINT))]
    rows += [_row(name, by_shape[name], names) for name in by_shape]
    return [*rows, *_below(cells, width)]


def _row(shape: str, cells: Sequence[GridCell], names: int) -> Line:
    return line(
        fit(crop(shape, names - 1), names), *(Piece(fit(_text(one), _CELL), _tone(one)) for one in cells)
    )


def _text(cell: GridCell) -> str:
    if cell.real is None or cell.agree:
        return seen(cell.emulated)
    return f"{seen(cell.real)}{'*' if cell.listed_reason else '!'}"


def _tone(cell: GridCell) -> Tone:
    if cell.real is None:
        return Tone.PLAIN
    if not is_as_listed(cell):
        return Tone.BAD
    return Tone.GOOD if cell.agree else Tone.DOUBTFUL


def seen(side: Cell) -> str:
    """Status and how it ended: `504`, `200t` (truncated), `--t` (no header)."""
    return f"{side.status or '--'}{_END.get(side.end, side.end)}"


def _below(cells: Sequence[GridCell], width: int) -> Iterator[Line]:
    yield ()
    for text in surprises(cells):
        for folded in fold(text, width, indent="  "):
            yield line(Piece(folded, Tone.BAD))
    legend = "status the client got; t truncated, r reset, o open when it left, -- no header"
    for folded in fold(f"{legend}; * differs as listed, ! differs or is not as listed", width):
        yield line(Piece(folded, Tone.FAINT))
    for folded in fold(summary(cells), width):
        yield line(folded)


def summary(cells: Sequence[GridCell]) -> str:
    """`483 cells, 476 agree (98.6 %), 7 differ as listed, 0 not as listed`."""
    real = [cell for cell in cells if cell.real is not None]
    if not real:
        return f"{len(cells)} cells, emulated only"
    agree = sum(cell.agree for cell in real)
    odd = sum(not is_as_listed(cell) for cell in real)
    known = sum(not cell.agree and bool(cell.listed_reason) for cell in real)
    share = 100 * agree / len(real)
    return f"{len(real)} cells, {agree} agree ({share:.1f} %), {known} differ as listed, {odd} not as listed"
