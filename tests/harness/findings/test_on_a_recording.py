"""Each finding of recordings is seen in one case, and not in a similar one."""

import msgspec
import pytest

from firstbyte.harness.files.loader import load_profile
from firstbyte.harness.findings.on_a_recording import RULES, Recorded, find_recorded
from firstbyte.harness.model.prediction import Outcome, Prediction
from firstbyte.harness.model.recording import WireSeen
from firstbyte.harness.model.units import seconds
from firstbyte.harness.model.verdict import End

JSON = (("Content-Type", "application/json"), ("Content-Length", "2"))
SSE = (("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked"))
TWO_EVENTS = b"data: a\n\ndata: b\n\n"
WHOLE = WireSeen(
    status=200,
    first_byte=1_000,
    header=1_000,
    first_body=1_000,
    longest_gap=1_000,
    end_at=1_000,
    end=End.COMPLETE,
    bodies=(1_000,),
    body_bytes=2,
    body=b"{}",
    headers=JSON,
    framing="length",
)
NO_CONTENT = msgspec.structs.replace(
    WHOLE, status=204, first_body=None, bodies=(), body=b"", body_bytes=0, framing="", headers=JSON[:1]
)
STREAM = msgspec.structs.replace(WHOLE, headers=SSE, framing="chunked", body=TWO_EVENTS)
PROFILES = tuple(load_profile(name).profile for name in ("nginx", "varnish", "haproxy"))


def wire(base: WireSeen = WHOLE, **changes: object) -> WireSeen:
    return msgspec.structs.replace(base, **changes)


def cut(at: float, limit: float = 60, timer: str = "read") -> Prediction:
    return Prediction(
        outcome=Outcome.CUT,
        status=504,
        end=End.COMPLETE,
        at=seconds(at),
        timer=timer,
        limit=seconds(limit),
    )


SECOND = seconds(1)
LATE = seconds(120)
BODIES = (SECOND, seconds(2), seconds(3))

SEEN = [
    ("header-withheld", wire(first_byte=LATE, header=LATE, bodies=(LATE,), end_at=LATE), [cut(60)]),
    ("header-withheld", wire(status=None, first_byte=None, header=None, bodies=(), end=End.OPEN), [cut(60)]),
    ("partial-header", wire(header_lines=(1_000,), header=seconds(3), bodies=(), end_at=seconds(3)), []),
    (
        "partial-header",
        wire(status=None, header_lines=(1_000,), header=None, bodies=(), end=End.OPEN, end_at=2_000),
        [],
    ),
    ("partial-header", wire(header=seconds(3), bodies=(), end_at=seconds(3)), []),
    ("header-held-until-body", wire(first_byte=SECOND, header=SECOND, bodies=BODIES, end_at=BODIES[-1]), []),
    ("silence-longer-than-limit", wire(bodies=(LATE,), end_at=LATE), [cut(60.001)]),
    ("gap-longer-than-limit", wire(bodies=(1_000, LATE), end_at=LATE), [cut(60.001)]),
    (
        "total-limit-cuts-stream",
        wire(bodies=tuple(range(1_000, LATE, SECOND)), end_at=LATE),
        [cut(60, timer="total")],
    ),
    ("sse-buffered", wire(STREAM, first_byte=SECOND, header=SECOND, bodies=(SECOND,), end_at=SECOND), []),
    ("sse-buffered", wire(STREAM, framing="length"), []),
    ("heartbeat-missing", wire(STREAM, bodies=(1_000, seconds(16)), end_at=seconds(16)), []),
    ("heartbeat-missing", wire(STREAM, end_at=seconds(15) + 1_000, end=End.OPEN), []),
    ("interim-breaks-edge", wire(interims=((500, 102),)), []),
    ("truncated-body", wire(end=End.TRUNCATED), []),
    ("truncated-body", wire(end=End.RESET), []),
    ("body-on-204", wire(NO_CONTENT, stray_bytes=True), []),
    ("bytes-after-end", wire(stray_bytes=True), []),
    ("end-not-marked", wire(framing="close"), []),
    ("type-missing-on-204", wire(NO_CONTENT, headers=()), []),
]
NOT_SEEN = [
    ("header-withheld", wire(), [cut(60)]),
    ("header-withheld", wire(first_byte=LATE, header=LATE, end_at=LATE), []),
    ("partial-header", wire(header_lines=(1_000,), header=999_000, bodies=(), end_at=999_000), []),
    ("partial-header", wire(interims=((1_000, 103),), header=LATE, bodies=(), end_at=LATE), []),
    ("header-held-until-body", wire(header=1_000, bodies=BODIES, end_at=BODIES[-1]), []),
    ("header-held-until-body", wire(first_byte=SECOND, header=SECOND, bodies=(SECOND,), end_at=SECOND), []),
    ("silence-longer-than-limit", wire(bodies=(1_000, LATE), end_at=LATE), [cut(60.001)]),
    ("gap-longer-than-limit", wire(bodies=tuple(range(1_000, LATE, SECOND)), end_at=LATE), [cut(60)]),
    ("total-limit-cuts-stream", wire(bodies=(1_000, LATE), end_at=LATE), [cut(60.001)]),
    ("sse-buffered", wire(STREAM, first_byte=1_000, bodies=(1_000, SECOND), end_at=SECOND), []),
    ("sse-buffered", wire(STREAM, body=b"data: a\n\n", framing="length"), []),
    ("sse-buffered", wire(framing="length", body=TWO_EVENTS), []),
    ("heartbeat-missing", wire(STREAM, bodies=(1_000, seconds(14)), end_at=seconds(14)), []),
    ("heartbeat-missing", wire(bodies=(1_000, LATE), end_at=LATE), []),
    ("interim-breaks-edge", wire(interims=((500, 199),)), []),
    ("interim-breaks-edge", wire(), []),
    ("truncated-body", wire(), []),
    ("truncated-body", wire(end=End.OPEN), []),
    ("body-on-204", wire(NO_CONTENT), []),
    ("bytes-after-end", wire(NO_CONTENT, stray_bytes=True), []),
    ("end-not-marked", wire(), []),
    ("type-missing-on-204", wire(NO_CONTENT), []),
    ("type-missing-on-204", wire(headers=()), []),
]


def found(seen: WireSeen, predictions: list[Prediction]) -> tuple[str, ...]:
    return find_recorded(Recorded(wire=seen, predictions=predictions, profiles=PROFILES))


@pytest.mark.parametrize(("id_", "seen", "predictions"), SEEN)
def test_it_is_found(id_: str, seen: WireSeen, predictions: list[Prediction]) -> None:
    assert id_ in found(seen, predictions)


@pytest.mark.parametrize(("id_", "seen", "predictions"), NOT_SEEN)
def test_it_is_not_found(id_: str, seen: WireSeen, predictions: list[Prediction]) -> None:
    assert id_ not in found(seen, predictions)


def test_every_finding_is_seen_in_one_case_and_not_in_another() -> None:
    ids = {id_ for id_, _ in RULES}
    assert {id_ for id_, _, _ in SEEN} == {id_ for id_, _, _ in NOT_SEEN} == ids


def test_a_plain_whole_answer_has_none() -> None:
    assert found(WHOLE, []) == ()


def test_an_interim_is_harmless_where_no_edge_is_harmed_by_it() -> None:
    only_haproxy = Recorded(wire=wire(interims=((500, 102),)), profiles=PROFILES[2:])
    assert "interim-breaks-edge" not in find_recorded(only_haproxy)
