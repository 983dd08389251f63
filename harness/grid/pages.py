"""The results pages: docs/grid.md to read, docs/grid.html to click.

Made anew by `firstbyte grid --docs DIR`. They must never hold markup that came from outside.
"""

import html
import re
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from firstbyte.harness.files.loader import load_shape, shape_names
from firstbyte.harness.files.replace import replace
from firstbyte.harness.grid.cell import Cell, GridCell, cell_record
from firstbyte.harness.grid.differences import Difference
from firstbyte.harness.grid.plan import Contender, needs_virtual_time
from firstbyte.harness.grid.table import seen, summary
from firstbyte.harness.model.timeline import Kind
from firstbyte.harness.model.units import as_seconds
from firstbyte.harness.report.site.page import policy_of

_TEMPLATE = Path(__file__).with_name("page.html")
_SHOWN_EVENTS = 16
_UNSHOWN = frozenset({Kind.TIMER_ARMED, Kind.TIMER_STOPPED, Kind.PERSISTED})
type Known = dict[tuple[str, str], Difference]


def write_pages(
    folder: Path,
    cells: Sequence[GridCell],
    contenders: Sequence[Contender],
    known: Known,
    day: date,
    factor: float,
) -> None:
    """grid.md and grid.html. BadInput when the folder can't be written to."""
    text = "\n".join(markdown(cells, contenders, known, day, factor)) + "\n"
    replace(folder / "grid.md", text.encode(), option="--docs")
    replace(folder / "grid.html", page(cells, contenders, day).encode(), option="--docs")


def markdown(
    cells: Sequence[GridCell], contenders: Sequence[Contender], known: Known, day: date, factor: float
) -> Iterator[str]:
    """The lines of grid.md."""
    yield "# Emulated edges beside the real products"
    yield ""
    yield f"Made by `firstbyte grid --docs docs` on {day.isoformat()}. {summary(cells)}."
    yield ""
    yield from _how(cells, factor)
    yield ""
    yield "| product | version | what a profile says and it can't be told |"
    yield "|---|---|---|"
    for one in contenders:
        yield f"| {one.product.name} | {one.version} | {'; '.join(one.inexpressible) or '-'} |"
    yield ""
    yield from _grid(cells)
    yield ""
    yield from _listed(cells, known)


def _how(cells: Sequence[GridCell], factor: float) -> Iterator[str]:
    left_out = [name for name in shape_names() if needs_virtual_time(load_shape(name))]
    yield (
        "Each wire shape of `scenarios/shapes` is played to each product, emulated (the edge's own class in "
        f"virtual time) and real (a process on loopback, limits of 60 s / {factor:g}). A cell agrees "
        "when status, end and the number of requests at the origin are equal and the ends lie within 15 % of "
        "the limit of each other. What the origin saw of the edge's going (fin, rst, nothing) is shown, and "
        f"{_same_farewell(cells)}."
    )
    yield ""
    yield (
        f"{len(left_out)} shapes wait for the limit to the millisecond and are for virtual time alone: "
        f"{', '.join(left_out)}."
    )


def _same_farewell(cells: Sequence[GridCell]) -> str:
    both = [(cell.emulated.origin_saw, cell.real.origin_saw) for cell in cells if cell.real is not None]
    return f"is the same in {sum(one == other for one, other in both)} of {len(both)} cells"


def _grid(cells: Sequence[GridCell]) -> Iterator[str]:
    products = list(dict.fromkeys(cell.product for cell in cells))
    yield (
        "A cell: the status the client got (`--`: no header), how it ended when not complete (t truncated, "
        "r reset, o open when the client left after 300 s), when, and what the origin got and saw. "
        "**Bold**: emulated differs."
    )
    yield ""
    yield f"| shape | {' | '.join(products)} |"
    yield f"|---|{'---|' * len(products)}"
    rows: dict[str, list[str]] = {}
    for cell in cells:
        rows.setdefault(cell.shape, []).append(_markdown_cell(cell))
    for shape, row in rows.items():
        yield f"| {shape} | {' | '.join(row)} |"


def _markdown_cell(cell: GridCell) -> str:
    if cell.real is None or cell.agree:
        return _brief(cell.real or cell.emulated)
    return f"**{_brief(cell.real)}** (emulated {_brief(cell.emulated)})"


def _brief(side: Cell) -> str:
    times = f" {side.origin_requests}x" if side.origin_requests != 1 else ""
    return f"{seen(side)} {round(as_seconds(side.at))} s{times} {side.origin_saw}"


def _listed(cells: Sequence[GridCell], known: Known) -> Iterator[str]:
    yield "## Differences that are listed"
    yield ""
    there = {(cell.shape, cell.product) for cell in cells}
    for key, one in known.items():
        if key in there:
            yield f"* **{one.product}, {one.shape}**: {one.reason} Source: {one.source}"


def page(cells: Sequence[GridCell], contenders: Sequence[Contender], day: date) -> str:
    """One HTML document that needs nothing else."""
    data = {
        "cells": [_page_cell(cell) for cell in cells],
        "titles": {cell.shape: load_shape(cell.shape).title for cell in cells},
        "products": [[one.product.name, one.version] for one in contenders],
    }
    # Inside a script element only "<" can do harm; as an escape it is the same JSON.
    inline = msgspec.json.encode(data).decode().replace("<", "\\u003c")
    text = _TEMPLATE.read_text(encoding="utf-8")
    parts = {
        "@POLICY@": policy_of(_inside(text, "script"), _inside(text, "style")),
        "@DATE@": day.isoformat(),
        "@SUMMARY@": html.escape(summary(cells)),
        "@DATA@": inline,
    }
    # Cut at the marks first: what is put in is not looked through again.
    return "".join(parts.get(piece, piece) for piece in re.split(f"({'|'.join(parts)})", text))


def _inside(text: str, element: str) -> str:
    return text.partition(f"<{element}>")[2].partition(f"</{element}>")[0]


def _page_cell(cell: GridCell) -> dict[str, Any]:
    return {
        "shape": cell.shape,
        "product": cell.product,
        "agree": cell.agree,
        "reason": cell.listed_reason,
        "emulated": _side(cell.emulated),
        "real": None if cell.real is None else _side(cell.real),
    }


def _side(side: Cell) -> dict[str, Any]:
    chosen = [event for event in side.events if event.kind not in _UNSHOWN]
    events = [
        [
            round(as_seconds(event.at), 2),
            str(event.actor),
            str(event.kind),
            " ".join(f"{name}={value}" for name, value in event.data.items() if name != "path"),
        ]
        for event in chosen[:_SHOWN_EVENTS]
    ]
    left = len(chosen) - len(events)
    if left > 0:
        events.append([events[-1][0], "", f"and {left} more", ""])
    return {**cell_record(side), "seen": seen(side), "events": events}
