"""The texts of the findings: meaning, cause, cures and sources, in one TOML file in texts/ for each id.

A text must never say more than its sources or a measurement show.
"""

from enum import StrEnum
from functools import cache
from pathlib import Path

import msgspec

from firstbyte.harness.files.loader import decode, read_toml
from firstbyte.harness.findings import finding_ids
from firstbyte.harness.problems import BadInput, did_you_mean


class Level(StrEnum):
    """bug: somebody is told something false. risk: one more event would do it. note: harmless."""

    BUG = "bug"
    RISK = "risk"
    NOTE = "note"


class Reference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The source of a statement: a public address or a measurement. date: when read or measured."""

    date: str
    url: str = ""
    note: str = ""


class Finding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The texts of one finding. cures: what helps, the best first; may be empty."""

    id: str
    title: str
    level: Level
    meaning: str
    cause: str
    sources: tuple[Reference, ...]
    cures: tuple[str, ...] = ()


def texts_dir() -> Path:
    """Return the folder of the texts."""
    return Path(__file__).resolve().parent / "texts"


@cache
def load_finding(id_: str) -> Finding:
    """Return the texts of one finding. Raises BadInput if there is no such finding."""
    if id_ not in finding_ids():
        raise BadInput(f"no finding '{id_}'{did_you_mean(id_, finding_ids())}")
    path = texts_dir() / f"{id_}.toml"
    return decode(read_toml(path), Finding, path)


def load_findings() -> tuple[Finding, ...]:
    """Return all findings in the order of `finding_ids`."""
    return tuple(load_finding(id_) for id_ in finding_ids())


def is_bug(id_: str) -> bool:
    """Whether a finding alone makes `probe` and `audit` fail."""
    return load_finding(id_).level is Level.BUG
