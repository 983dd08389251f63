"""The events of a run as marks, with the resets of timers put in between.

A reset only moves a deadline, so the edge reports none; the profile says which event is one. Pure.
"""

from collections.abc import Iterator, Sequence

from firstbyte.harness.model.profile import Point, Profile, Timer
from firstbyte.harness.model.timeline import Actor, Event, Kind
from firstbyte.harness.report.site.model import Mark

TIMER_RESET = "timer-reset"
_READS = {Kind.ORIGIN_READ, Kind.BODY, Kind.HEADER_COMPLETED, Kind.INTERIM}
_RESET_BY = {
    Point.ORIGIN_READ: _READS,
    Point.INTERIM_RECEIVED: {Kind.INTERIM},
    Point.HEADER_COMPLETED: {Kind.HEADER_COMPLETED},
    Point.BODY_READ: {Kind.BODY},
}


def marks_of(events: Sequence[Event], profiles: Sequence[Profile] = ()) -> tuple[Mark, ...]:
    """In the order of time; a reset stands behind what caused it. profiles: of the hops, outermost first."""
    marks = [_mark(event) for event in events]
    marks += (mark for hop, profile in enumerate(profiles) for mark in _resets(events, hop, profile))
    return tuple(sorted(marks, key=lambda mark: mark.at))


def _mark(event: Event) -> Mark:
    return Mark(
        at=event.at, actor=str(event.actor), kind=str(event.kind), request=event.request, data=event.data
    )


def _resets(events: Sequence[Event], hop: int, profile: Profile) -> Iterator[Mark]:
    mine = [one for one in events if one.actor is Actor.EDGE and one.data.get("hop", 0) == hop]
    timers = {timer.name: timer for timer in profile.timers if timer.reset_by}
    for number, armed in enumerate(mine):
        timer = timers.get(str(armed.data.get("timer", "")))
        if armed.kind is Kind.TIMER_ARMED and timer is not None:
            yield from _resets_of(armed, mine[number + 1 :], timer, profile)


def _resets_of(armed: Event, later: Sequence[Event], timer: Timer, profile: Profile) -> Iterator[Mark]:
    seen = armed.at
    for event in later:
        if event.request != armed.request:
            continue
        if event.kind in (Kind.TIMER_FIRED, Kind.TIMER_STOPPED) and event.data.get("timer") == timer.name:
            return
        if event.at > seen and _does_reset(event, timer, profile):
            seen = event.at
            data = {"hop": armed.data.get("hop", 0), "timer": timer.name, "by": str(event.kind)}
            yield Mark(at=event.at, actor=str(Actor.EDGE), kind=TIMER_RESET, request=armed.request, data=data)


def _does_reset(event: Event, timer: Timer, profile: Profile) -> bool:
    if event.kind is Kind.INTERIM and Point.ORIGIN_READ not in timer.reset_by:
        counted = event.data.get("status") in profile.interim.resets
        return counted and Point.INTERIM_RECEIVED in timer.reset_by
    return any(event.kind in _RESET_BY.get(point, ()) for point in timer.reset_by)
