"""A failure's timeline: one axis for check, page and edge, without what only makes the page."""

from firstbyte.harness.clock import monotonic_ns, wall_ms
from firstbyte.harness.model.timeline import Actor, Event, Kind
from firstbyte.harness.sendstate.seen import Announced, Frame, Record, ShownMessage
from firstbyte.harness.sendstate.timeline import lines_of, story

NOW = monotonic_ns() // 1000
UNIX = wall_ms() * 1000
SECOND = 1_000_000


def edge(at: int, kind: Kind, request: int, **data: str) -> Event:
    return Event(at=NOW + at, actor=Actor.EDGE, kind=kind, request=request, data={**data})


def test_the_three_witnesses_are_joined_in_order() -> None:
    frame = Frame(
        at=UNIX + 3 * SECOND,
        composer="",
        messages=(ShownMessage(text="hi", mine=True, pending=True),),
        failures=("Failed",),
        body="",
    )
    told = story(
        [(NOW, "sends")],
        Record(frames=(frame,), announced=(Announced(at=UNIX + 4 * SECOND, text="Failed"),)),
        [(UNIX + 2 * SECOND, "POST /send: 524")],
        [edge(SECOND, Kind.TIMER_FIRED, 7, timer="proxy-read")],
    )
    assert [(who, what) for _, who, what in lines_of(told)] == [
        ("check", "sends"),
        ("edge", "timer-fired request=7 timer=proxy-read"),
        ("page", "POST /send: 524"),
        ("page", "composer ''; ? hi; says Failed"),
        ("page", "announces 'Failed'"),
    ]


def test_scripts_and_styles_are_not_told_even_where_an_edge_began_anew() -> None:
    events = [
        edge(1, Kind.REQUEST_RECEIVED, 1, method="GET", path="/ui/page.js?v=2"),
        edge(2, Kind.HELD, 1, action=""),
        edge(3, Kind.REQUEST_FORWARDED, 1, attempt="1"),
        # Restarted: its numbers begin at 1 again.
        edge(4, Kind.REQUEST_RECEIVED, 1, method="POST", path="/send"),
        edge(5, Kind.HELD, 1, action="hold"),
        edge(6, Kind.REQUEST_FORWARDED, 1, attempt="1"),
    ]
    told = story([], Record(frames=(), announced=()), [], events)
    assert [what for _, _, what in lines_of(told)] == [
        "request-received request=1 method=POST path=/send",
        "held request=1 action=hold",
        "request-forwarded request=1 attempt=1",
    ]
