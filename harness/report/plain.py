"""Text that is safe to show: no control characters, a known width in terminal cells, cut or folded to fit.

Bodies, claims and error messages come from outside; shown raw they could move the cursor or hide a line.
Pure. It must never drop a character without a trace: what can't be shown is shown as its escape.
"""

import re
import unicodedata

from rich.cells import cell_len, set_cell_size

_PLAIN = re.compile(r"[\x20-\x7e]*")
ELLIPSIS = "…"


def visible(text: str) -> str:
    """`text` on one line, with each control, format or lone surrogate character written as its escape."""
    if _PLAIN.fullmatch(text):
        return text
    return "".join(_visible_character(one) for one in text)


def _visible_character(one: str) -> str:
    if one.isprintable():
        return one
    if one in "\n\r\t" or unicodedata.category(one) == "Zs":
        return " "
    code = ord(one)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def width(text: str) -> int:
    """Terminal cells `text` takes."""
    return cell_len(text)


def fit(text: str, cells: int) -> str:
    """`text` in exactly `cells` cells: padded, or cut with an ellipsis at its end."""
    if cells <= 0:
        return ""
    if width(text) <= cells:
        return text + " " * (cells - width(text))
    return set_cell_size(text, cells - 1) + ELLIPSIS


def crop(text: str, cells: int) -> str:
    """`text` in at most `cells` cells, cut with an ellipsis."""
    return text if width(text) <= cells else fit(text, cells)


def crop_middle(text: str, cells: int) -> str:
    """The same, cut in the middle: both ends of a name tell it apart."""
    if width(text) <= cells:
        return text
    if cells < 5:
        return fit(text, cells)
    tail = text
    while width(tail) > (cells - 1) // 2:
        tail = tail[1:]
    return set_cell_size(text, cells - 1 - width(tail)).rstrip() + ELLIPSIS + tail


def fold(text: str, cells: int, indent: str = "") -> list[str]:
    """`text` as lines of at most `cells` cells, `indent` before all but the first. Long words are cut up."""
    lines: list[str] = []
    line = ""
    for word in _pieces(text.split(), max(cells - width(indent), 1)):
        joined = f"{line} {word}" if line.strip() else line + word
        if width(joined) <= cells:
            line = joined
        else:
            lines.append(line)
            line = indent + word
    return [*lines, line]


def _pieces(words: list[str], cells: int) -> list[str]:
    pieces: list[str] = []
    for word in words:
        rest = word
        while width(rest) > cells:
            piece = set_cell_size(rest, cells).rstrip() or rest[0]
            pieces.append(piece)
            rest = rest[len(piece) :]
        pieces.append(rest)
    return pieces
