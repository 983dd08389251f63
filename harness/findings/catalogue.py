"""The texts of the findings: what each means, how it comes about, what helps, and where that is known from.

One TOML file in texts/ for each id. It must never say more than its sources or a measurement show.
"""

from enum import StrEnum
from functools import cache
from pathlib import Path

import msgspec

from firstbyte.harness.files.loader import decode, read_toml
from firstbyte.harness.findings import finding_ids
from firstbyte.harness.problems import BadInput, did_you_mean


class Level(StrEnum):
    """bug: somebody is told something false. risk: one more event, and somebody is. note: harms nobody."""

    BUG = "bug"
    RISK = "risk"
    NOTE = "note"


class Reference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a statement comes from: a public address or a measurement. date: when read or measured."""

    date: str
    url: str = ""
    note: str = ""


class Finding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One finding's texts. cures: what helps, the best first; empty for what needs none."""

    id: str
    title: str
    level: Level
    meaning: str
    cause: str
    sources: tuple[Reference, ...]
    cures: tuple[str, ...] = ()


def texts_dir() -> Path:
    """The folder of the texts."""
    return Path(__file__).resolve().parent / "texts"


@cache
def load_finding(id_: str) -> Finding:
    """The texts of one finding. BadInput when there is no such finding."""
    if id_ not in finding_ids():
        raise BadInput(f"no finding '{id_}'{did_you_mean(id_, finding_ids())}")
    path = texts_dir() / f"{id_}.toml"
    return decode(read_toml(path), Finding, path)


def load_findings() -> tuple[Finding, ...]:
    """All of them, in the order in which they are found."""
    return tuple(load_finding(id_) for id_ in finding_ids())
