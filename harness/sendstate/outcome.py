"""How the check of a rule ends. Returning is a pass; the two other ends are raised."""

from enum import StrEnum

import msgspec

from firstbyte.harness.sendstate.contract import RuleLevel

PICTURE = "page.png"
TRACE = "trace.zip"
TIMELINE = "timeline.txt"
"""The names of the files a rule leaves, in a folder of its own."""


class Broken(Exception):
    """The page breaks the rule; the message says what the user saw and what the server has."""


class NotApplicable(Exception):
    """The rule can't be checked here; the message says what is missing."""


def require(*, holds: bool, or_else: str) -> None:
    """Raise Broken with `or_else` unless it holds."""
    if not holds:
        raise Broken(or_else)


class Result(StrEnum):
    """A rule's result."""

    PASS = "pass"
    FAIL = "fail"
    NOT_APPLICABLE = "not-applicable"


class RuleResult(msgspec.Struct, frozen=True, kw_only=True):
    """One rule against one page. artefacts: paths of a picture, and on failure of a trace and a timeline."""

    id: str
    level: RuleLevel
    claim: str
    result: Result
    detail: str = ""
    artefacts: tuple[str, ...] = ()
