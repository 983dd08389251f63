"""Finds deadlines in a chain of edges that are nested in the wrong order. Pure.

Each hop must wait longer than the hop behind it. Otherwise the outer hop answers first, and the inner hop and
the origin continue with a request that nobody waits for any more.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import pairwise

import msgspec

from firstbyte.harness.model.profile import Point, Profile, Timer
from firstbyte.harness.model.profile_ops import header_timers
from firstbyte.harness.model.units import Duration, format_duration


class Trouble(StrEnum):
    """What is wrong between an outer and an inner hop."""

    OUTER_SHORTER = "outer-shorter"
    EQUAL = "equal"
    INNER_UNLIMITED = "inner-unlimited"
    OUTER_TOTAL = "outer-total"


class ChainWarning(msgspec.Struct, frozen=True, kw_only=True):
    """One pair of hops in the wrong order. outer and inner: 'edge timer limit'. cure: what to change."""

    trouble: Trouble
    outer: str
    inner: str
    why: str
    cure: str


def chain_warnings(profiles: Sequence[Profile]) -> Iterator[ChainWarning]:
    """Compare each hop with the next one inwards."""
    for outer, inner in pairwise(profiles):
        yield from _between(outer, inner)


def _between(outer: Profile, inner: Profile) -> Iterator[ChainWarning]:
    ours, theirs = _shortest(outer), _shortest(inner)
    if ours is not None and theirs is None:
        yield _warning(Trouble.INNER_UNLIMITED, outer, ours, inner, None)
    if ours is not None and theirs is not None and _limit(ours) <= _limit(theirs):
        trouble = Trouble.EQUAL if _limit(ours) == _limit(theirs) else Trouble.OUTER_SHORTER
        yield _warning(trouble, outer, ours, inner, theirs)
    total = _total(outer)
    if total is not None and _total(inner) is None and (theirs is None or _limit(total) > _limit(theirs)):
        yield _warning(Trouble.OUTER_TOTAL, outer, total, inner, theirs)


def _shortest(profile: Profile) -> Timer | None:
    """The timer that fires first when the origin stays silent."""
    limited = [timer for timer in header_timers(profile) if timer.limit is not None]
    return min(limited, key=_limit, default=None)


def _total(profile: Profile) -> Timer | None:
    """The timer that limits the whole answer, which no byte resets."""
    totals = (
        timer
        for timer in profile.timers
        if timer.limit is not None and not timer.reset_by and timer.stops_on == (Point.RESPONSE_COMPLETED,)
    )
    return min(totals, key=_limit, default=None)


def _limit(timer: Timer) -> Duration:
    assert timer.limit is not None
    return timer.limit


def _warning(
    trouble: Trouble, outer: Profile, ours: Timer, inner: Profile, theirs: Timer | None
) -> ChainWarning:
    limit = format_duration(_limit(ours))
    why, cure = _words(trouble, outer.id, inner.id, limit)
    return ChainWarning(
        trouble=trouble, outer=_named(outer, ours), inner=_named(inner, theirs), why=why, cure=cure
    )


def _words(trouble: Trouble, outer: str, inner: str, limit: str) -> tuple[str, str]:
    match trouble:
        case Trouble.OUTER_SHORTER:
            why = f"{outer} answers first; {inner} and the origin go on with a request nobody waits for"
            return why, f"give {inner} less than {limit}, or {outer} more"
        case Trouble.EQUAL:
            why = "both end at the same moment, so chance decides which of their answers the client gets"
            return why, f"give {inner} less than {limit}"
        case Trouble.INNER_UNLIMITED:
            why = f"{inner} never gives up by itself; it and the origin go on after {outer} has answered"
            return why, f"give {inner} a limit below {limit}"
        case Trouble.OUTER_TOTAL:
            why = f"{outer} limits the whole answer, {inner} only its silence: a healthy stream is cut there"
            return why, f"keep answers through {outer} below {limit}, or raise that limit"


def _named(profile: Profile, timer: Timer | None) -> str:
    if timer is None:
        return f"{profile.id} no limit"
    return f"{profile.id} {timer.name} {format_duration(_limit(timer))}"
