"""An edge as the fix table has it: its hops, limits for those that have none, how long the work takes.

Pure. It must never shorten a limit that a product has.
"""

from collections.abc import Iterator, Mapping

import msgspec

from firstbyte.harness.files.loader import LoadedProfile, load_profile
from firstbyte.harness.files.setting import change
from firstbyte.harness.model.profile import Point, Profile, Timer
from firstbyte.harness.model.profile_ops import header_timers
from firstbyte.harness.model.units import Duration

GIVEN = "60s"
#: The work takes this many times the longest limit.
LONGER = 1.3
#: Signs of life within the shortest limit.
OFTEN = 5
FEWEST = 1_000_000
_BEHIND: Mapping[str, tuple[str, ...]] = {"cloudflare-tunnel": ("cloudflare", "cloudflare-tunnel")}
"""Hops that never stand alone."""
_AFTER_HEADER = frozenset(
    {
        Point.ORIGIN_READ,
        Point.FIRST_BYTE_READ,
        Point.INTERIM_RECEIVED,
        Point.HEADER_COMPLETED,
        Point.BODY_READ,
    }
)


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """An edge. hops: from the client inwards. given: whether its limits are GIVEN for want of defaults."""

    edge: str
    hops: tuple[LoadedProfile, ...]
    given: bool


def column(edge: str) -> Column:
    """The edge by id or file, made ready to be measured."""
    hops = tuple(load_profile(name) for name in _BEHIND.get(edge, tuple(edge.split(","))))
    if any(timer.limit is not None for hop in hops for timer in header_timers(hop.profile)):
        return Column(edge=edge, hops=hops, given=False)
    return Column(edge=edge, hops=tuple(_with_limits(hop) for hop in hops), given=True)


def _with_limits(hop: LoadedProfile) -> LoadedProfile:
    return change(
        hop,
        {f"timers.{timer.name}.limit": GIVEN for timer in answer_timers(hop.profile) if timer.limit is None},
    )


def answer_timers(profile: Profile) -> tuple[Timer, ...]:
    """The timers that can end an answer, before or after its header."""
    waiting = header_timers(profile)
    return tuple(one for one in profile.timers if one in waiting or one.starts_on in _AFTER_HEADER)


def work_for(hops: tuple[LoadedProfile, ...]) -> Duration:
    """Longer than every limit on silence, so that no fix passes by luck; longer than the limits on the whole
    answer where there are no others.
    """
    timers = [timer for hop in hops for timer in answer_timers(hop.profile) if timer.limit is not None]
    silence = [timer.limit for timer in timers if not is_total(timer)]
    longest = max(_limits(silence or [timer.limit for timer in timers]), default=0)
    return Duration(round(LONGER * longest))


def heartbeat_for(hops: tuple[LoadedProfile, ...]) -> Duration:
    """A sign of life that often keeps every timer quiet that can be kept quiet."""
    limits = _limits([timer.limit for hop in hops for timer in answer_timers(hop.profile)])
    return Duration(min(limits, default=FEWEST * OFTEN) // OFTEN)


def _limits(limits: list[Duration | None]) -> Iterator[int]:
    return (limit for limit in limits if limit is not None)


def is_total(timer: Timer) -> bool:
    """Whether it limits the whole answer, whatever comes."""
    return timer.stops_on == (Point.RESPONSE_COMPLETED,) and not timer.reset_by
