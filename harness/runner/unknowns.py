"""Evidence rule 5: a result holds if it is the same under every allowed value of each unknown key.

Otherwise the scenario is not applicable. Only keys that the run consulted are varied: a key about 1xx can't
matter where there was none. Sim only; see `play.py`.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import msgspec

from firstbyte.harness.files.unknown_values import other_chains
from firstbyte.harness.model.profile import Point, Unknown
from firstbyte.harness.model.timeline import Actor, Kind, Timeline
from firstbyte.harness.model.units import is_same_time
from firstbyte.harness.model.verdict import ClientExchange
from firstbyte.harness.runner.conclude import Observed
from firstbyte.harness.runner.plan import Plan

_CONSULTED: dict[str, tuple[Kind, ...]] = {
    "interim": (Kind.INTERIM,),
    "cut": (Kind.CUT,),
    "answers": (Kind.ANSWERED,),
    "hold_header": (Kind.HEADER_COMPLETED,),
    "resend": (Kind.TIMER_FIRED, Kind.ORIGIN_CLOSED, Kind.CONNECT_FAILED),
    "origin.on_expiry": (Kind.TIMER_FIRED,),
    "origin.on_client_leave": (Kind.CLIENT_LEFT,),
}
"""The events of the edge that show that it consulted a part of the profile."""

_LATER = ("origin.on_expiry", "origin.on_client_leave", "keep_alive")
"""Keys that act once an answer is decided, so they can matter only to a later request."""

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


type Summary = tuple[tuple[int | None, str, int], ...]
"""Status, end and time of each request."""


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
    """Every value with which the status, the end or the time (by more than 1 %) of a request is another."""
    assumed = summary(observed.exchanges)
    can_matter = partial(is_consulted, timeline=observed.timeline)
    for other, hops in other_chains(plan.hops, can_matter):
        seen = summary(play(msgspec.structs.replace(plan, hops=hops)).exchanges)
        if not is_same(assumed, seen):
            yield SensitiveKey(
                key=f"{other.changed.profile.id}.{other.unknown.key}",
                value=str(other.value),
                result=str(seen[-1]),
            )


def is_consulted(unknown: Unknown, timeline: Timeline) -> bool:
    """Whether the run consulted the part of the profile that the key belongs to."""
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
    """A reset matters only to a timer that ran for some time, and only by a point that was reached."""
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


def summary(exchanges: Sequence[ClientExchange]) -> Summary:
    """Status, end and time of each request."""
    return tuple((one.status, str(one.end), one.took or 0) for one in exchanges)


def is_same(left: Summary, right: Summary) -> bool:
    """Equal statuses and ends, times within 1 %."""
    return len(left) == len(right) and all(
        one[:2] == two[:2] and is_same_time(one[2], two[2]) for one, two in zip(left, right, strict=True)
    )
