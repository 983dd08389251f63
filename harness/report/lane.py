"""One row of a picture: fills, marks and labels on columns, so that nothing overlaps and nothing is too wide.

Pure geometry: columns in, cells out. It must never know what an event is.
"""

from collections.abc import Sequence

import msgspec

from firstbyte.harness.report.paint import Line, Piece, Tone, merged
from firstbyte.harness.report.plain import visible, width

_CROSSING = {"─": "┼", "━": "┿", "═": "╪", "╌": "┼", "•": "┿"}
_WALL = "┊"
_BESIDE_WALL = 1
"""Cells left free right of a wall."""


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """A word at a column. short: what it shrinks to. rank: the lowest go first when there is no room."""

    column: int
    text: str
    tone: Tone = Tone.PLAIN
    short: str = ""
    rank: int = 1


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """A line of one character from `start` up to, not including, `stop`."""

    start: int
    stop: int
    glyph: str
    tone: Tone = Tone.PLAIN


class Lane(msgspec.Struct, kw_only=True):
    """A row under construction. Columns begin at 0 behind the name."""

    name: str
    tone: Tone
    fills: list[Fill] = []
    marks: list[Fill] = []
    labels: list[Label] = []

    @property
    def is_empty(self) -> bool:
        """Nothing to show."""
        return not (self.fills or self.marks or self.labels)


def draw(lane: Lane, *, name_width: int, columns: int, walls: Sequence[int]) -> Line:
    """The row as a line of `name_width + columns` cells at most.

    walls: the columns of the deadlines, sorted; no label stands on or across one.
    """
    grid = [(" ", Tone.PLAIN)] * columns
    for fill in (*lane.fills, *lane.marks):
        for column in range(max(fill.start, 0), min(fill.stop, columns)):
            grid[column] = (fill.glyph, fill.tone)
    for wall in walls:
        grid[wall] = (_CROSSING.get(grid[wall][0], _WALL), Tone.BAD)
    for first, high in zip((0, *walls), (*walls, columns), strict=True):
        # What happened at a wall stands right of it.
        mine = [one for one in lane.labels if first <= one.column < high]
        low = first + 1 + _BESIDE_WALL if first in walls else first
        for label, start in arrange(mine, low, high):
            _write(grid, label, start)
    return (Piece(lane.name.ljust(name_width), lane.tone), *merged(grid))


def arrange(labels: Sequence[Label], low: int, high: int) -> list[tuple[Label, int]]:
    """A start column within [low, high) for as many labels as have room, in the order of their columns.

    First the long texts, then the short ones, then without the lowest rank.
    """
    shown = (_shown(one) for one in labels)
    kept = sorted((one for one in shown if width(one.text)), key=lambda one: max(one.column, low))
    while kept:
        starts = _starts(kept, low, high)
        if starts is not None:
            return list(zip(kept, starts, strict=True))
        kept = _with_less(kept)
    return []


def _shown(label: Label) -> Label:
    return Label(
        column=label.column,
        text=visible(label.text),
        tone=label.tone,
        short=visible(label.short),
        rank=label.rank,
    )


def _starts(labels: Sequence[Label], low: int, high: int) -> list[int] | None:
    """One free cell between two labels; pushed right by what comes before, then left by the right border."""
    starts: list[int] = []
    free = low
    for label in labels:
        starts.append(max(label.column, free))
        free = starts[-1] + width(label.text) + 1
    border = high
    for index in range(len(labels) - 1, -1, -1):
        starts[index] = min(starts[index], border - width(labels[index].text))
        border = starts[index] - 1
    return starts if starts[0] >= low else None


def _with_less(labels: list[Label]) -> list[Label]:
    long = [one for one in labels if one.short and one.short != one.text]
    victim = min(long or labels, key=lambda one: (one.rank, -one.column))
    index = labels.index(victim)
    if not long:
        return labels[:index] + labels[index + 1 :]
    shorter = Label(column=victim.column, text=victim.short, tone=victim.tone, rank=victim.rank)
    return [*labels[:index], shorter, *labels[index + 1 :]]


def _write(grid: list[tuple[str, Tone]], label: Label, start: int) -> None:
    stop = start + width(label.text)
    for beside in (start - 1, stop):
        if 0 <= beside < len(grid) and grid[beside][0] in _CROSSING:
            grid[beside] = (" ", Tone.PLAIN)
    # A label may hold characters two cells wide: the whole text sits in the first cell, the rest are empty.
    grid[start:stop] = [(label.text, label.tone)] + [("", label.tone)] * (stop - start - 1)
