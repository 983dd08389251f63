"""The fast path gives the prediction of the state machine, and is taken for plain early answers only."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firstbyte.harness.files.loader import load_shape, profile_names, shape_names
from firstbyte.harness.model.prediction import Outcome, Prediction
from firstbyte.harness.model.profile import Mutation, Point, Profile, Resend, ResendCause, Timer
from firstbyte.harness.model.recording import Answered, Finish, Received, Recording, Sent, Setup
from firstbyte.harness.model.shape import Shape
from firstbyte.harness.model.units import Duration, seconds
from firstbyte.harness.predict import PreparedProfile
from firstbyte.harness.predict.exchange import PredictedExchange
from firstbyte.harness.predict.plain import predict_plain, read_plain
from firstbyte.harness.probe.edges import prepared, variants
from tests.harness.predict.lab import recorded
from tests.harness.predict.test_equals_the_live_edge import LIMITS, profiles, shapes

EDGES = {name: prepared(name) for name in profile_names()}
#: Every fifth value of an unknown key; those of one key are neighbours, and differ in nothing else.
VARIANTS = [variant.prepared for name in profile_names() for variant in variants(name)][::5]
#: Answers that some edge reads, changes or ends differently, and requests that are not sent once and whole.
NOT_PLAIN = (
    "204-chunked", "204-with-body", "204-with-chunked-body", "answer-before-upload", "close-",
    "complete-header", "garbage-status-line", "header-and-one-byte", "huge-header", "idle-close", "interim-",
    "one-byte-then-silence", "partial-never", "reset-", "short-content-length", "silent", "slow-upload",
    "stale-keep-alive", "two-content-lengths", "upgrade-101", "upload-not-read",
)  # fmt: skip
PLAIN = ("silent-then-204", "silent-then-json")


def by_fast_path(recording: Recording, profile: PreparedProfile) -> Prediction | None:
    answer = read_plain(recording)
    return predict_plain(answer, profile) if answer else None


def assert_equal(recording: Recording, profile: PreparedProfile) -> bool:
    """Both ways agree wherever the fast path answers; returns whether it does."""
    fast = by_fast_path(recording, profile)
    if fast is not None:
        machine = PredictedExchange(recording, profile)
        assert (fast, set()) == (machine.play(), machine.asked), profile
    return fast is not None


def passes_early(recording: Recording, profile: PreparedProfile) -> bool:
    """Whether the machine says that the answer passes as it is, before every limit."""
    machine = PredictedExchange(recording, profile)
    one = machine.play()
    is_as_it_is = one.outcome is Outcome.PASSES and one.requests == 1 and not machine.asked
    limits = [timer.limit for timer in profile.profile.timers if timer.limit is not None]
    return is_as_it_is and one.at is not None and all(one.at < limit for limit in limits)


@pytest.mark.parametrize("name", shape_names())
def test_for_every_shape_behind_every_edge_it_answers_what_passes_early_and_agrees(name: str) -> None:
    recording = recorded(load_shape(name))
    is_plain = name in PLAIN or not name.startswith(NOT_PLAIN)
    for edge, profile in EDGES.items():
        assert assert_equal(recording, profile) is (is_plain and passes_early(recording, profile)), edge


@pytest.mark.parametrize("name", shape_names())
def test_for_every_shape_and_values_of_unknown_keys_both_ways_agree(name: str) -> None:
    recording = recorded(load_shape(name))
    for profile in VARIANTS:
        assert_equal(recording, profile)


# ---- answers that nobody wrote

FIELDS = st.lists(
    st.sampled_from(
        [b"Content-Type: text/plain", b"X-A: b  c", b"Connection: close, x-a", b"Set-Cookie: a\xe9", b"X-E:"]
    ),
    max_size=3,
)
TIMES = st.sampled_from([0, 1, 400_000, *(limit + off for limit in LIMITS for off in (-1, 0))])


@st.composite
def plain_answers(draw: st.DrawFn) -> Recording:
    """A whole answer with a length, in chunks or without a body, in pieces of any size, at any time."""
    method = draw(st.sampled_from(["GET", "POST", "HEAD", "DELETE"]))
    status = draw(st.sampled_from([200, 201, 204, 304, 404, 500, 502, 503, 504]))
    body = draw(st.sampled_from([b"", b"ok", b"x" * 5_000]))
    lines = [b"HTTP/1.%d %d Any" % (draw(st.integers(0, 1)), status), *draw(FIELDS)]
    if status != 204:
        is_chunked = draw(st.booleans())
        lines.append(b"Transfer-Encoding: chunked" if is_chunked else b"Content-Length: %d" % len(body))
        body = (b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n" if is_chunked else body
    data = (
        b"\r\n".join(lines) + b"\r\n\r\n" + (body if status not in (204, 304) and method != "HEAD" else b"")
    )
    cuts = sorted(draw(st.sets(st.integers(1, len(data) - 1), max_size=3)))
    sent_at = draw(st.sampled_from([0, 0, 1, 2_000_000]))
    at, parts = sent_at, []
    for start, stop in zip([0, *cuts], [*cuts, len(data)], strict=True):
        at += draw(TIMES) // (len(cuts) + 1)
        parts.append(Received(at=at, data=data[start:stop]))
    finish = draw(st.sampled_from([Finish.KEPT, Finish.FIN, Finish.RESET]))
    setup = Setup(connect=draw(st.sampled_from([None, 1, 1_000_000])), tls=draw(st.sampled_from([None, 2])))
    return Recording(
        method=method,
        path="/",
        answer=Answered(parts=tuple(parts), finish=finish, finished_at=at),
        setup=setup,
        uploads=(Sent(at=sent_at, size=1),) if sent_at or draw(st.booleans()) else (),
        sent_at=sent_at,
    )


DRAWN = settings(
    deadline=None, max_examples=400, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@DRAWN
@given(recording=plain_answers(), name=st.sampled_from(sorted(EDGES)))
def test_a_drawn_plain_answer_that_passes_early_is_answered_as_by_the_machine(
    recording: Recording, name: str
) -> None:
    assert assert_equal(recording, EDGES[name]) is passes_early(recording, EDGES[name])


@DRAWN
@given(recording=plain_answers(), profile=profiles())
def test_behind_a_drawn_profile_both_ways_agree(recording: Recording, profile: Profile) -> None:
    assert_equal(recording, PreparedProfile(profile))


@DRAWN
@given(shape=shapes(), profile=profiles())
def test_on_a_drawn_shape_both_ways_agree(shape: Shape, profile: Profile) -> None:
    assert_equal(recorded(shape), PreparedProfile(profile))


# ---- what is not plain

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answered(*pieces: bytes, finish: Finish = Finish.KEPT, **changes: object) -> Recording:
    """A piece every second."""
    parts = tuple(Received(at=seconds(number), data=data) for number, data in enumerate(pieces, start=1))
    answer = Answered(parts=parts, finish=finish, finished_at=seconds(len(pieces)))
    return msgspec.structs.replace(Recording(method="GET", path="/", answer=answer), **changes)


LATE = Sent(at=seconds(2), size=1)
NEVER_PLAIN = {
    "no answer": answered(finish=Finish.FIN),
    "half a body": answered(OK[:-1], finish=Finish.OPEN),
    "until the close": answered(b"HTTP/1.1 200 OK\r\n\r\nok", finish=Finish.FIN),
    "an interim": answered(b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK),
    "an upgrade": answered(b"HTTP/1.1 101 Switching Protocols\r\n\r\n"),
    "a folded line": answered(OK.replace(b"\r\n\r\n", b"\r\nX: a\r\n b\r\n\r\n")),
    "a control character": answered(OK.replace(b"\r\n\r\n", b"\r\nX: \x01\r\n\r\n")),
    "no token": answered(OK.replace(b"\r\n\r\n", b"\r\nX y: z\r\n\r\n")),
    "bare line feeds": answered(OK.replace(b"\r\n", b"\n")),
    "another coding": answered(b"HTTP/1.1 304 Any\r\nTransfer-Encoding: identity\r\n\r\n"),
    "a 204 with a length": answered(b"HTTP/1.1 204 Any\r\nContent-Length: 2\r\n\r\n"),
    "two lengths": answered(OK.replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\n")),
    "a bad chunk": answered(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
    "before the upload's end": answered(OK, method="POST", uploads=(LATE,), sent_at=seconds(2)),
    "an upload in pieces": answered(OK, OK, uploads=(Sent(at=0, size=1), Sent(at=1, size=1)), sent_at=1),
    "a request not taken": answered(OK, is_taken=False),
    "a used connection": answered(OK, reused=True),
    "another answer to come": answered(OK, afresh=answered(OK).answer),
}


@pytest.mark.parametrize("name", NEVER_PLAIN)
def test_an_answer_that_is_not_plain_is_left_to_the_machine(name: str) -> None:
    assert read_plain(NEVER_PLAIN[name]) is None


def _timer(stops_on: Point, limit: Duration) -> Timer:
    return Timer(name="one", starts_on=Point.REQUEST_STARTED, stops_on=(stops_on,), limit=limit)


PASSING = EDGES["apache"].profile
NOT_PASSING: dict[str, dict[str, object]] = {
    "a limit that comes first": {"timers": (_timer(Point.REQUEST_SENT, seconds(1)),)},
    "a timer on what the client is sent": {"timers": (_timer(Point.CLIENT_WRITE, seconds(9)),)},
    "a status that is sent again": {
        "resend": (Resend(methods=("GET",), causes=(ResendCause.STATUS,), statuses=(200,)),)
    },
    "a status that is replaced": {"mutation": Mutation(replaces=(200,))},
    "a shorter head": {"max_answer_head": OK.index(b"ok") - 1},
    "a length of its own": {"mutation": Mutation(adds=(("Content-Length", "3"),))},
    "a field that no reader takes": {"mutation": Mutation(adds=(("X", "a\rb"),))},
}


def test_a_profile_that_just_passes_a_plain_answer_on_is_answered_at_once() -> None:
    assert assert_equal(answered(OK), PreparedProfile(PASSING))


@pytest.mark.parametrize("name", NOT_PASSING)
def test_a_profile_that_does_more_is_left_to_the_machine(name: str) -> None:
    profile = msgspec.structs.replace(PASSING, **NOT_PASSING[name])
    assert by_fast_path(answered(OK), PreparedProfile(profile)) is None
