"""The time axis of a picture: which column a moment has, and the row of figures above the lanes. Pure."""

from collections.abc import Iterable

import msgspec

from firstbyte.harness.model.units import format_duration
from firstbyte.harness.report.paint import Line, Piece, Tone, merged

_SECOND = 1_000_000
_APART = 10
"""Columns between two figures, at least."""
_STEPS = (
    *(factor * 10**power for power in range(7) for factor in (1, 2, 5)),
    *(count * _SECOND for count in (10, 20, 30)),
    *(count * 60 * _SECOND for count in (1, 2, 5, 10, 20, 30)),
    *(count * 3600 * _SECOND for count in (1, 2, 5, 10, 24, 48, 120, 240)),
)


class Axis(msgspec.Struct, frozen=True, kw_only=True):
    """`columns` columns for the time from 0 to `until` microseconds."""

    until: int
    columns: int

    def column(self, at: int) -> int:
        """The column of a moment; moments outside are put on the border."""
        share = min(max(at, 0), self.until) * (self.columns - 1)
        return (share + self.until // 2) // self.until

    def step(self) -> int:
        """Microseconds between two figures, a round number."""
        least = -(-self.until * _APART // max(self.columns - 1, 1))
        return next((step for step in _STEPS if step >= least), least)

    def row(self, *, name_width: int, room: int, deadlines: Iterable[int]) -> Line:
        """The figures, a deadline's with a mark. room: cells behind the names, `columns` or more."""
        cells = [(" ", Tone.FAINT)] * room
        for at in sorted(set(deadlines)):
            _put(cells, self.column(at), f"▼{format_duration(_rounded(at))}", Tone.BAD)
        for at in range(0, self.until + 1, self.step()):
            _put(cells, self.column(at), self._figure(at), Tone.FAINT)
        return (Piece(" " * name_width), *merged(cells))

    def _figure(self, at: int) -> str:
        return format_duration(at) if self.until >= _SECOND else f"{at / 1_000:g}ms"


def _rounded(at: int) -> int:
    """Enough figures to read, not the last microsecond."""
    grain = 100_000 if at >= 10_000_000 else 1_000 if at >= 10_000 else 1
    return (at + grain // 2) // grain * grain


def _put(cells: list[tuple[str, Tone]], column: int, text: str, tone: Tone) -> None:
    """Write `text` at `column` if it is free there and one cell around; a figure is never moved."""
    around = cells[max(column - 1, 0) : column + len(text) + 1]
    if column + len(text) <= len(cells) and all(cell == " " for cell, _ in around):
        cells[column : column + len(text)] = [(one, tone) for one in text]
