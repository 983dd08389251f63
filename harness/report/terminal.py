"""Where text goes: how wide the place is, and whether it can show colour and drawing characters.

It must never ask the environment by itself: the rim passes stream and environment in.
"""

import os
from collections.abc import Iterable, Mapping
from typing import TextIO

import msgspec

from firstbyte.harness.report.paint import Line, Palette, paint

DEFAULT_WIDTH = 80
NARROWEST = 60
WIDEST = 200


class Terminal(msgspec.Struct, frozen=True, kw_only=True):
    """One place to write to. width: cells in a line, NARROWEST to WIDEST."""

    stream: TextIO
    width: int = DEFAULT_WIDTH
    palette: Palette = Palette.PLAIN

    def show(self, lines: Iterable[Line]) -> None:
        """Write the lines at once."""
        self.stream.write(paint(lines, self.palette))
        self.stream.flush()


def terminal_of(stream: TextIO, environment: Mapping[str, str]) -> Terminal:
    """What is known of `stream`. NO_COLOR (no-color.org), TERM=dumb take colour away, FORCE_COLOR gives it.

    A stream that can't encode drawing characters gets ASCII.
    """
    return Terminal(
        stream=stream, width=_width_of(stream, environment), palette=_palette_of(stream, environment)
    )


def _palette_of(stream: TextIO, environment: Mapping[str, str]) -> Palette:
    if not _can_draw(stream):
        return Palette.ASCII
    if environment.get("NO_COLOR"):
        return Palette.PLAIN
    is_capable = stream.isatty() and environment.get("TERM", "") != "dumb"
    return Palette.COLOUR if is_capable or environment.get("FORCE_COLOR", "0") != "0" else Palette.PLAIN


def _can_draw(stream: TextIO) -> bool:
    try:
        "─═┊·✗…".encode(stream.encoding or "utf-8")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def _width_of(stream: TextIO, environment: Mapping[str, str]) -> int:
    asked = environment.get("COLUMNS", "")
    chosen = int(asked) if asked.isascii() and asked.isdigit() else 0
    return min(max(chosen or _measured(stream) or DEFAULT_WIDTH, NARROWEST), WIDEST)


def _measured(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns if stream.isatty() else 0
    except (OSError, ValueError):
        return 0
