"""The shortest profile that is whole, and what tests make of profiles."""

import msgspec

from firstbyte.harness.files.loader import LoadedProfile
from firstbyte.harness.files.unknown_values import other_values
from firstbyte.harness.model.profile import Profile

QUICK = """
id = "quick"
title = "Quick"
answers.timeout.status = 504
answers.connect-refused.status = 502
answers.connect-timeout.status = 504
answers.closed.status = 502
answers.reset.status = 502
answers.protocol-error.status = 502

[[timers]]
name = "read"
starts_on = "request-sent"
stops_on = ["header-completed"]
limit = "60s"
"""


def variants(loaded: LoadedProfile) -> tuple[Profile, ...]:
    """The profile as assumed, then one for each other allowed value of an unknown key."""
    return (loaded.profile, *(other.changed.profile for other in other_values(loaded, lambda _: True)))


def without_timer(profile: Profile, name: str) -> Profile:
    """The profile with one timer removed."""
    return msgspec.structs.replace(profile, timers=tuple(one for one in profile.timers if one.name != name))
