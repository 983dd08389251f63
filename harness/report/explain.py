"""What a finding means, for the terminal: `explain FINDING` and the list of all.

It must never say anything that is not in the finding's file.
"""

from collections.abc import Iterable, Iterator

from firstbyte.harness.findings.catalogue import Finding, Level, Reference, load_finding, load_findings
from firstbyte.harness.report.paint import Line, Palette, Piece, Tone, line, paint
from firstbyte.harness.report.plain import fold, visible
from firstbyte.harness.report.terminal import DEFAULT_WIDTH

_LEVEL_TONE = {Level.BUG: Tone.BAD, Level.RISK: Tone.DOUBTFUL, Level.NOTE: Tone.FAINT}


def text(id_: str, width: int = DEFAULT_WIDTH, palette: Palette = Palette.PLAIN) -> str:
    """The whole explanation of one finding. BadInput when there is no such finding."""
    return paint(explanation(load_finding(id_), width), palette)


def listing(width: int = DEFAULT_WIDTH, palette: Palette = Palette.PLAIN) -> str:
    """All findings with level and title, a line each or two."""
    return paint((one for finding in load_findings() for one in _entry(finding, width)), palette)


def cures(ids: Iterable[str]) -> Iterator[str]:
    """What was found, and what helps best, in a few plain lines; the rest is `firstbyte explain ID`."""
    for finding in map(load_finding, ids):
        yield f"finding  {finding.id} ({finding.level}): {' '.join(finding.title.split())}"
        if finding.cures:
            yield f"cure     {' '.join(finding.cures[0].split())}"
            yield f"         more: firstbyte explain {finding.id}"


def explanation(finding: Finding, width: int) -> Iterator[Line]:
    """The same as lines."""
    yield line(Piece(finding.id, Tone.STRONG), "  ", Piece(finding.level.value, _LEVEL_TONE[finding.level]))
    yield from _folded(finding.title, width, "")
    yield from _section("What it means", [finding.meaning], width)
    yield from _section("How it comes about", [finding.cause], width)
    yield from _section("What helps", list(finding.cures), width, bullet="- ")
    yield from _section("Sources", [_reference(one) for one in finding.sources], width, bullet="- ")


def _section(title: str, texts: list[str], width: int, bullet: str = "") -> Iterator[Line]:
    if texts:
        yield ()
        yield line(Piece(title, Tone.STRONG))
        for one in texts:
            yield from _folded(bullet + " ".join(one.split()), width, " " * len(bullet))


def _folded(one: str, width: int, indent: str) -> Iterator[Line]:
    for folded in fold(visible(one), width - 2, indent):
        yield line("  ", folded)


def _reference(one: Reference) -> str:
    return " ".join(part for part in (one.url, one.note, f"({one.date})") if part)


def _entry(finding: Finding, width: int) -> Iterator[Line]:
    name, level = finding.id.ljust(32), finding.level.value.ljust(6)
    folded = fold(visible(finding.title), width - len(name) - len(level))
    yield line(Piece(name, Tone.STRONG), Piece(level, _LEVEL_TONE[finding.level]), folded[0])
    for rest in folded[1:]:
        yield line(" " * (len(name) + len(level)), rest)
