"""What can be made from a profile: one on another time scale, or with another limit for the header. Pure."""

import msgspec

from firstbyte.harness.model.profile import Point, Profile, Timer
from firstbyte.harness.model.units import Duration, scale


def scaled(profile: Profile, factor: float) -> Profile:
    """Every limit and delay divided by `factor`."""
    if factor == 1:
        return profile
    return msgspec.structs.replace(
        profile,
        timers=tuple(_scaled_timer(timer, factor) for timer in profile.timers),
        resend=tuple(
            msgspec.structs.replace(rule, delay=scale(rule.delay, factor)) for rule in profile.resend
        ),
    )


def _scaled_timer(timer: Timer, factor: float) -> Timer:
    if timer.limit is None:
        return timer
    return msgspec.structs.replace(timer, limit=scale(timer.limit, factor))


def header_timers(profile: Profile) -> tuple[Timer, ...]:
    """The timers that can end the wait for an answer: the request starts and the answer stops them."""
    return tuple(
        timer
        for timer in profile.timers
        if timer.starts_on in _REQUEST and not _UPLOAD.intersection(timer.stops_on)
    )


_REQUEST = frozenset({Point.REQUEST_STARTED, Point.REQUEST_RECEIVED, Point.REQUEST_SENT})
_UPLOAD = frozenset({Point.CONNECTED, Point.REQUEST_RECEIVED, Point.REQUEST_SENT})


def with_header_limit(profile: Profile, limit: Duration) -> Profile:
    """The profile with the limit of every timer that waits for the header set to `limit`."""
    waiting = set(header_timers(profile))
    return msgspec.structs.replace(
        profile,
        timers=tuple(
            msgspec.structs.replace(timer, limit=limit) if timer in waiting else timer
            for timer in profile.timers
        ),
    )
