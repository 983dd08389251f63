"""What a page of results is made of, whatever command made them. Data only.

A case is one cell of a matrix: a scenario behind an edge, a wire shape behind a product, a rule on a page.
"""

from enum import StrEnum
from typing import Any

import msgspec


class Hue(StrEnum):
    """A colour of the page, by what it stands for."""

    GOOD = "good"
    FINE = "fine"
    BAD = "bad"
    LOST = "lost"
    TWICE = "twice"
    HALF = "half"
    DOUBT = "doubt"
    NONE = "none"


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of result. sign: one or two characters, so that colour is never all there is."""

    word: str
    sign: str
    hue: Hue
    meaning: str


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """One event as the page draws it. at: microseconds."""

    at: int
    actor: str
    kind: str
    request: int = 0
    data: dict[str, str | int | bool] = {}


class Lanes(msgspec.Struct, frozen=True, kw_only=True):
    """One swim-lane picture. unit: what a second of its axis is."""

    title: str
    unit: str
    marks: tuple[Mark, ...]


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A file beside the page. opens_with: the command that shows it, where a browser does not."""

    title: str
    path: str
    opens_with: str = ""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One result.

    word: which of the site's words. outcome: 'as expected', say; is_good: whether nothing is to be done.
    told: labels and sentences, the story in short. problems: why it is not good. facts: labels and values.
    picture: a data: address of a PNG.
    """

    row: str
    column: str
    word: str
    outcome: str
    is_good: bool
    brief: str = ""
    told: tuple[tuple[str, str], ...] = ()
    problems: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    lanes: tuple[Lanes, ...] = ()
    links: tuple[Link, ...] = ()
    picture: str = ""
    replay: str = ""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What the cases of one row have in common. claim: the obligation they test."""

    name: str
    title: str = ""
    claim: str = ""


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """What a finding means and what helps."""

    id: str
    title: str
    level: str
    meaning: str
    cause: str
    cures: tuple[str, ...]


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """A statistic as SVG, drawn for a light and for a dark page. told: the same in words."""

    title: str
    told: str
    light: str
    dark: str


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """All of one page. row_noun, column_noun: 'scenario' and 'edge', say. facts: command, versions."""

    title: str
    about: str
    row_noun: str
    column_noun: str
    case_noun: str
    rows: tuple[Row, ...]
    cases: tuple[Case, ...]
    words: tuple[Word, ...]
    facts: tuple[tuple[str, str], ...]
    findings: tuple[Explained, ...] = ()
    charts: tuple[Chart, ...] = ()
    charts_note: str = ""


def plain(value: msgspec.Struct) -> dict[str, Any]:
    """As JSON has it."""
    built: dict[str, Any] = msgspec.to_builtins(value)
    return built
