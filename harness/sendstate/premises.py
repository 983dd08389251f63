"""What has to be so before a verdict says anything of a page: each key of the adapter leads to what it names.

Pure. A rehearsal finds out; `Premises.missing` is what every rule asks before it is played.
"""

from enum import StrEnum

import msgspec

from firstbyte.harness.sendstate.contract import Rule

BASE = frozenset({"", "composer", "send", "truth"})
"""The tables that every rule relies on; '' stands for the keys above the first table."""


class State(StrEnum):
    """What became of one key. NOT_TRIED: the page never came to where it must match."""

    MATCHED = "matched"
    MISSED = "missed"
    NOT_TRIED = "not-tried"
    NOT_USED = "not-used"


class Premise(msgspec.Struct, frozen=True, kw_only=True):
    """One key of the adapter: its value, and what it matched or what was there instead."""

    key: str
    value: str
    state: State
    seen: str

    @property
    def table(self) -> str:
        """The table of the adapter that the key is in."""
        return self.key.rpartition(".")[0].partition(".")[0]

    @property
    def is_unproven(self) -> bool:
        """Whether a verdict must not stand on it."""
        return self.state in (State.MISSED, State.NOT_TRIED)


class Premises(msgspec.Struct, frozen=True, kw_only=True):
    """All of one front end. adapter: its name."""

    adapter: str
    all: tuple[Premise, ...]

    def unproven(self, rule: Rule) -> list[Premise]:
        """Those that this rule relies on and that do not hold."""
        relied = BASE | rule.needs
        return [
            one
            for one in self.all
            if one.is_unproven
            and one.table in relied
            and not (one.state is State.NOT_TRIED and one.table in rule.judges)
        ]

    def missing(self, rule: Rule) -> str:
        """Why this rule can't be checked, for people; '' if it can."""
        lines = [f"{one.key}: {one.seen}" for one in self.unproven(rule)]
        if not lines:
            return ""
        return f"{self.adapter}: {rule.id} can't be judged, the adapter does not fit the page: " + "; ".join(
            lines
        )
