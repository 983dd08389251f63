"""What a prediction says beyond what the client is told: margins, causes, and what nobody can know."""

import msgspec
import pytest

from firstbyte.harness.files.loader import load_profile, load_shape, profile_names, shape_names
from firstbyte.harness.model.prediction import Outcome
from firstbyte.harness.model.recording import Answered, Finish, Received, Recording, Sent, Setup
from firstbyte.harness.model.units import seconds
from firstbyte.harness.model.verdict import End
from firstbyte.harness.predict import Predictor, is_same
from firstbyte.harness.predict.exchange import NOT_RECORDED
from firstbyte.harness.probe.edges import judge_recording, prepared, variants
from tests.harness.predict.lab import predict, recorded
from tests.profiles import without_timer

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def silent_until(at: float, data: bytes = OK, **changes: object) -> Recording:
    """An answer in one piece."""
    part = Received(at=seconds(at), data=data)
    answer = Answered(parts=(part,), finish=Finish.KEPT, finished_at=part.at)
    return msgspec.structs.replace(Recording(method="GET", path="/", answer=answer), **changes)


def silent_for(at: float) -> Recording:
    """Nothing until who recorded stopped waiting."""
    answer = Answered(parts=(), finish=Finish.OPEN, finished_at=seconds(at))
    return Recording(method="GET", path="/", answer=answer)


NGINX = load_profile("nginx").profile


@pytest.mark.parametrize(("at", "left"), [(0, 60), (30, 30), (59.999999, 0.000001)])
def test_the_margin_is_what_the_deadline_had_left(at: float, left: float) -> None:
    prediction = predict(silent_until(at), NGINX)
    assert (prediction.outcome, prediction.margin) == (Outcome.PASSES, seconds(left))


@pytest.mark.parametrize("at", [60, 60.000001, 120])
def test_at_the_deadline_and_later_it_is_cut(at: float) -> None:
    prediction = predict(silent_until(at), NGINX)
    assert (prediction.outcome, prediction.status, prediction.at) == (Outcome.CUT, 504, seconds(60))
    assert (prediction.timer, prediction.limit) == ("proxy-read-header", seconds(60))
    assert prediction.margin is None


def test_the_smallest_margin_counts() -> None:
    slow_body = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
    parts = (
        Received(at=seconds(10), data=slow_body),
        Received(at=seconds(50), data=b"o"),
        Received(at=seconds(109), data=b"k"),
    )
    answer = Answered(parts=parts, finish=Finish.KEPT, finished_at=seconds(109))
    assert predict(Recording(method="GET", path="/", answer=answer), NGINX).margin == seconds(1)


def test_time_to_connect_is_added_and_is_no_part_of_the_margin() -> None:
    far = silent_until(30, setup=Setup(dns=seconds(5), connect=seconds(1), tls=seconds(2)))
    prediction = predict(far, NGINX)
    assert (prediction.at, prediction.margin) == (seconds(33), seconds(30))


def test_without_its_timer_the_edge_lets_it_pass() -> None:
    assert predict(silent_until(120), without_timer(NGINX, "proxy-read-header")).outcome is Outcome.PASSES


def test_a_recording_that_ends_before_the_deadline_tells_nothing() -> None:
    assert predict(silent_for(59), NGINX).outcome is Outcome.UNKNOWN
    assert predict(silent_for(60), NGINX).outcome is Outcome.CUT


def test_how_an_origin_takes_a_whole_request_is_not_guessed() -> None:
    early = silent_until(1, uploads=(Sent(at=0, size=1), Sent(at=seconds(9), size=1)), sent_at=seconds(9))
    prediction = predict(msgspec.structs.replace(early, method="POST"), NGINX)
    assert (prediction.outcome, prediction.cause) == (Outcome.UNKNOWN, NOT_RECORDED)


def test_a_result_that_hangs_on_a_value_nobody_confirmed_is_unknown() -> None:
    recording = recorded(load_shape("partial-header-half"))
    dribble = recorded(load_shape("header-line-per-second"))
    (half,) = judge_recording(recording, ["cloudflare"])
    assert (half.prediction.outcome, half.unsure) == (Outcome.PASSES, None)
    (lines,) = judge_recording(_slower(dribble, 3), ["cloudflare"])
    assert lines.prediction.outcome is Outcome.UNKNOWN
    assert lines.unsure is not None
    assert lines.unsure.key == "timers.proxy-read.reset_by"
    assert "origin-read" in lines.unsure.sentence


def _slower(recording: Recording, factor: int) -> Recording:
    answer = recording.answer
    parts = tuple(msgspec.structs.replace(part, at=part.at * factor) for part in answer.parts)
    slow = msgspec.structs.replace(answer, parts=parts, finished_at=answer.finished_at * factor)
    return msgspec.structs.replace(recording, answer=slow)


def test_an_unknown_value_that_changes_nothing_leaves_the_result() -> None:
    for edge in ("cloudflare", "heroku", "aws-alb"):
        assert variants(edge)
        prediction, unsure = Predictor(silent_until(1)).predict_all_values(prepared(edge), variants(edge))
        assert (prediction.outcome, unsure) == (Outcome.PASSES, None)


def test_a_value_that_is_not_asked_for_changes_nothing() -> None:
    skipped = 0
    for shape in shape_names()[::3]:
        predictor = Predictor(recorded(load_shape(shape)))
        for edge in profile_names()[::2]:
            wanted, asked = predictor.predict_with_parts(prepared(edge))
            for variant in variants(edge):
                if not variant.can_matter(asked):
                    skipped += 1
                    assert is_same(wanted, predictor.predict(variant.prepared)), (shape, edge, variant.key)
    assert skipped > 1_000


@pytest.mark.parametrize(
    ("data", "finish", "cause"),
    [
        (b"", Finish.FIN, "the origin closed"),
        (b"", Finish.RESET, "the origin reset the connection"),
        (b"HTTP/1.1 nonsense\r\n\r\n", Finish.KEPT, "not an HTTP answer"),
    ],
)
def test_a_broken_origin_is_the_cause_not_a_deadline(data: bytes, finish: Finish, cause: str) -> None:
    parts = (Received(at=1, data=data),) if data else ()
    answer = Answered(parts=parts, finish=finish, finished_at=1)
    prediction = predict(Recording(method="POST", path="/", answer=answer), NGINX)
    assert (prediction.outcome, prediction.status, prediction.timer) == (Outcome.CUT, 502, "")
    assert prediction.cause.startswith(cause)
    assert prediction.end is End.COMPLETE


def test_a_prediction_is_a_function_of_recording_and_profile() -> None:
    recording = recorded(load_shape("second-gap-at-limit"))
    assert predict(recording, NGINX) == predict(recording, NGINX)
