"""A profile with what the predictor looks up in it for every recording, worked out once."""

from collections.abc import Iterator

from firstbyte.harness.model.profile import Mutation, Point, Profile, ResendCause
from firstbyte.harness.predict.head import is_plain_field
from firstbyte.proxies.rules.timers import timer_plan

_FRAMING = frozenset({"content-length", "transfer-encoding"})


class PreparedProfile:
    """One profile.

    plan: its timers, sorted by the points they react to. shortest_limit: of its timers, in microseconds.
    special_statuses: those of an answer that it does not simply pass on. passes_plain: whether it passes on
    a plain answer with another status without timing or changing more than this package's fast path knows.
    """

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.plan = timer_plan(profile.timers)
        self.shortest_limit = min(self.plan.limits.values(), default=None)
        self.special_statuses = frozenset(_special_statuses(profile))
        self.passes_plain = Point.CLIENT_WRITE not in self.plan.points and _adds_plain(profile.mutation)

    def __repr__(self) -> str:
        return f"<PreparedProfile {self.profile.id}>"


def _special_statuses(profile: Profile) -> Iterator[int]:
    yield from profile.mutation.replaces
    for rule in profile.resend:
        if ResendCause.STATUS in rule.causes:
            yield from rule.statuses


def _adds_plain(mutation: Mutation) -> bool:
    """Whether every client can read the fields that the edge adds, and none of them frames the body."""
    added = [*mutation.adds, ("Content-Type", mutation.type_on_bare_204)]
    return all(
        name.lower() not in _FRAMING and is_plain_field(name.encode(), value.encode())
        for name, value in added
    )
