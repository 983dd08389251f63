"""Pieces of text with a tone each, and how they become a string: with colour, without, in ASCII.

Tones say what a piece means, never how it looks; the one table below gives the look. Markup is never parsed.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from firstbyte.harness.report.plain import crop, visible, width


class Tone(StrEnum):
    """What a piece of text means; the value is its look as rich writes it."""

    PLAIN = ""
    STRONG = "bold"
    FAINT = "dim"
    GOOD = "green"
    BAD = "bold red"
    DOUBTFUL = "yellow"
    CLIENT = "cyan"
    EDGE = "magenta"
    ORIGIN = "blue"
    MODEL = "bright_blue"


class Piece(msgspec.Struct, frozen=True):
    """A run of text in one tone."""

    text: str
    tone: Tone = Tone.PLAIN


type Line = tuple[Piece, ...]


class Palette(StrEnum):
    """What the place the text goes to can show."""

    COLOUR = "colour"
    PLAIN = "plain"
    ASCII = "ascii"


def line(*parts: str | Piece) -> Line:
    """A line; strings are plain pieces. Everything is made visible here, once."""
    pieces = (Piece(part) if isinstance(part, str) else part for part in parts)
    return tuple(Piece(visible(piece.text), piece.tone) for piece in pieces if piece.text)


def cells(one: Line) -> int:
    """The width of a line."""
    return sum(width(piece.text) for piece in one)


def cropped(one: Line, room: int) -> Line:
    """The line in at most `room` cells, cut with an ellipsis."""
    kept: list[Piece] = []
    for piece in one:
        left = room - cells(tuple(kept))
        if width(piece.text) > left:
            return (*kept, Piece(crop(piece.text, left), piece.tone))
        kept.append(piece)
    return tuple(kept)


def merged(grid: Iterable[tuple[str, Tone]]) -> Line:
    """A line from single cells: neighbours of one tone become one piece."""
    runs: list[Piece] = []
    for text, tone in grid:
        if runs and runs[-1].tone is tone:
            runs[-1] = Piece(runs[-1].text + text, tone)
        else:
            runs.append(Piece(text, tone))
    return tuple(runs)


def paint(lines: Iterable[Line], palette: Palette) -> str:
    """The lines as text, each ended by a newline. Only Palette.COLOUR has escape sequences, all ours."""
    return "".join(f"{_paint_line(one, palette)}\n" for one in lines)


def _paint_line(one: Line, palette: Palette) -> str:
    match palette:
        case Palette.COLOUR:
            return "".join(_coloured(piece) for piece in one)
        case Palette.ASCII:
            return to_ascii("".join(piece.text for piece in one)).rstrip()
        case Palette.PLAIN:
            return "".join(piece.text for piece in one).rstrip()


def _coloured(piece: Piece) -> str:
    if piece.tone is Tone.PLAIN:
        return piece.text
    from rich.color import ColorSystem  # noqa: PLC0415 - only for a terminal with colours
    from rich.style import Style  # noqa: PLC0415

    return Style.parse(piece.tone.value).render(piece.text, color_system=ColorSystem.STANDARD)


def to_ascii(text: str) -> str:
    """The same width in ASCII: drawing characters become their nearest, any other a '?' per cell."""
    if text.isascii():
        return text
    return "".join(one if one.isascii() else _ASCII.get(one, "?" * width(one)) for one in text)


_ASCII: Mapping[str, str] = {
    **dict.fromkeys("─╌┄", "-"),
    **dict.fromkeys("━═", "="),
    **dict.fromkeys("│┃┊", "|"),
    **dict.fromkeys("┿╪┼", "+"),
    **dict.fromkeys("╴╶", "-"),
    **dict.fromkeys("●•", "*"),
    **dict.fromkeys("✓", "v"),
    **dict.fromkeys("✗╳×", "x"),
    **dict.fromkeys("·", "."),
    **dict.fromkeys("→▶", ">"),
    **dict.fromkeys("▼", "v"),
    **dict.fromkeys("…", "~"),
    **dict.fromkeys("▒░", ":"),
}
