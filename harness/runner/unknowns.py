"""Evidence rule 5: a result that is the same under every allowed value of an unknown key holds; another is
not applicable.

Only keys that were consulted in the run are varied: a key about 1xx can't matter where there was none.
"""

from collections.abc import Callable, Iterator

import msgspec

from firstbyte.harness.files.loader import LoadedProfile
from firstbyte.harness.model.profile import Point, Unknown
from firstbyte.harness.model.timeline import Actor, Kind, Timeline
from firstbyte.harness.model.verdict import ClientExchange
from firstbyte.harness.runner.conclude import Observed
from firstbyte.harness.runner.plan import Plan, override

SAME_WITHIN = 0.01

_CONSULTED: dict[str, tuple[Kind, ...]] = {
    "interim": (Kind.INTERIM,),
    "cut": (Kind.CUT,),
    "answers": (Kind.ANSWERED,),
    "hold_header": (Kind.HEADER_COMPLETED,),
    "resend": (Kind.TIMER_FIRED, Kind.ORIGIN_CLOSED, Kind.CONNECT_FAILED),
    "origin.on_expiry": (Kind.TIMER_FIRED,),
    "origin.on_client_leave": (Kind.CLIENT_LEFT,),
}
"""The events of the edge that show that a part of the profile was asked."""

_LATER = ("origin.on_expiry", "origin.on_client_leave", "keep_alive")
"""Keys that act when an answer is already decided: they can matter to a later request only."""

_ORIGIN_SPOKE = (Kind.ORIGIN_READ, Kind.INTERIM, Kind.HEADER_COMPLETED)
_ORIGIN_POINTS = frozenset(
    {
        Point.ORIGIN_READ,
        Point.FIRST_BYTE_READ,
        Point.INTERIM_RECEIVED,
        Point.HEADER_COMPLETED,
        Point.BODY_READ,
        Point.RESPONSE_COMPLETED,
    }
)


class SensitiveKey(msgspec.Struct, frozen=True, kw_only=True):
    """An unknown key whose value changes the result."""

    key: str
    value: str
    result: str

    @property
    def sentence(self) -> str:
        """Why the scenario does not apply."""
        return f"it depends on {self.key}, which nobody could confirm: with {self.value} it is {self.result}"


def sensitive_keys(
    plan: Plan, observed: Observed, play: Callable[[Plan], Observed]
) -> Iterator[SensitiveKey]:
    """Every allowed value that gives another status, end or time (beyond 1 %) than the assumed one."""
    wanted = summary(observed.exchanges)
    for index, hop in enumerate(plan.hops):
        for unknown in hop.evidence.unknown:
            if is_consulted(unknown, observed.timeline):
                yield from _other_results(plan, index, hop, unknown, wanted, play)


def _other_results(
    plan: Plan,
    index: int,
    hop: LoadedProfile,
    unknown: Unknown,
    wanted: tuple[tuple[int | None, str, int], ...],
    play: Callable[[Plan], Observed],
) -> Iterator[SensitiveKey]:
    for value in unknown.allowed:
        if value == unknown.assume:
            continue
        changed = override(hop, {unknown.key: value})
        hops = (*plan.hops[:index], changed, *plan.hops[index + 1 :])
        seen = summary(play(msgspec.structs.replace(plan, hops=hops)).exchanges)
        if not same(wanted, seen):
            yield SensitiveKey(key=f"{hop.profile.id}.{unknown.key}", value=str(value), result=str(seen[-1]))


def is_consulted(unknown: Unknown, timeline: Timeline) -> bool:
    """Whether the part of the profile that the key belongs to was asked, so that its value could matter."""
    part, _, rest = unknown.key.partition(".")
    name, _, field = rest.rpartition(".")
    if unknown.key.endswith(_LATER) and len(timeline.of(Actor.CLIENT, Kind.REQUEST_SENT)) == 1:
        return False
    if part == "timers" and field == "reset_by":
        return _could_reset(name, unknown, timeline)
    kinds = _CONSULTED.get(unknown.key) or _CONSULTED.get(part)
    events = timeline.of(Actor.EDGE, *kinds) if kinds else ()
    if part == "answers":
        return any(rest.startswith(str(event.data.get("answer"))) for event in events)
    return kinds is None or bool(events)


def _could_reset(timer: str, unknown: Unknown, timeline: Timeline) -> bool:
    """A reset matters only to a timer that ran for some time, and by a point that came about."""
    runs = [
        event.at
        for event in timeline.of(Actor.EDGE, Kind.TIMER_ARMED, Kind.TIMER_STOPPED, Kind.TIMER_FIRED)
        if event.data.get("timer") == timer
    ]
    if len(set(runs)) < 2:  # never armed, or stopped in the microsecond in which it was armed
        return False
    origin_spoke = bool(timeline.of(Actor.EDGE, *_ORIGIN_SPOKE))
    return origin_spoke or not _differing(unknown) <= _ORIGIN_POINTS


def _differing(unknown: Unknown) -> set[str]:
    values = [set(value) for value in unknown.allowed]
    return set().union(*values).difference(set.intersection(*values))


def summary(exchanges: tuple[ClientExchange, ...]) -> tuple[tuple[int | None, str, int], ...]:
    """Status, end and time of each request."""
    return tuple((one.status, str(one.end), (one.end_at or one.sent_at) - one.sent_at) for one in exchanges)


def same(
    left: tuple[tuple[int | None, str, int], ...], right: tuple[tuple[int | None, str, int], ...]
) -> bool:
    """Equal statuses and ends, times within 1 %."""
    return len(left) == len(right) and all(
        one[:2] == two[:2] and abs(one[2] - two[2]) <= SAME_WITHIN * max(one[2], 1)
        for one, two in zip(left, right, strict=True)
    )
