"""Events of several reporters are joined on one axis, and found by who saw what of which request."""

from firstbyte.harness.model.timeline import Actor, Event, Kind, Timeline, join


def event(at: int, actor: Actor = Actor.CLIENT, kind: Kind = Kind.BODY, request: int = 1) -> Event:
    return Event(at=at, actor=actor, kind=kind, request=request)


def test_sources_are_joined_by_time() -> None:
    joined = join([event(1), event(5)], [event(3, Actor.EDGE)], [])
    assert [one.at for one in joined.events] == [1, 3, 5]


def test_at_one_microsecond_the_earlier_source_comes_first_and_keeps_its_order() -> None:
    first = [event(2, kind=Kind.FIRST_BYTE), event(2, kind=Kind.HEADER_COMPLETED)]
    joined = join(first, [event(2, Actor.EDGE, Kind.ANSWERED)])
    assert [one.kind for one in joined.events] == [Kind.FIRST_BYTE, Kind.HEADER_COMPLETED, Kind.ANSWERED]


def test_a_source_may_be_read_once_only() -> None:
    assert len(join(iter([event(1)]), (event(at) for at in (0, 2))).events) == 3


def test_events_are_chosen_by_actor_kind_and_request() -> None:
    body, ended, other, edge = (
        event(1),
        event(2, kind=Kind.ENDED),
        event(3, request=2),
        event(4, Actor.EDGE),
    )
    timeline = Timeline(events=(body, ended, other, edge))
    assert timeline.of(Actor.CLIENT) == (body, ended, other)
    assert timeline.of(Actor.CLIENT, Kind.BODY) == (body, other)
    assert timeline.of(Actor.CLIENT, Kind.BODY, Kind.ENDED, request=1) == (body, ended)
    assert timeline.of(Actor.ORIGIN) == ()
