"""Every key of an expectation is compared; a deadline that never fired is no result."""

import msgspec
import pytest

from firstbyte.harness.model.judge import judge
from firstbyte.harness.model.ledger import Ledger, Message
from firstbyte.harness.model.result import Outcome
from firstbyte.harness.model.scenario import Expect
from firstbyte.harness.model.timeline import Actor, Event, Kind, Timeline
from firstbyte.harness.model.units import seconds
from firstbyte.harness.model.verdict import Belief, BeliefRule, ClientExchange, End, Verdict
from firstbyte.harness.runner.expectation import (
    Comparison,
    Shown,
    compare,
    describe,
    fired_on,
    handler_of,
    slack,
)
from firstbyte.harness.runner.plan import Mode, Options

SENT = ClientExchange(
    id=2,
    method="POST",
    path="/",
    intent="hello",
    sent_at=seconds(10),
    first_byte_at=seconds(60),
    end_at=seconds(110),
    status=524,
    end=End.COMPLETE,
)
LEDGER = Ledger(messages=(Message(id="m", intent="hello"),), model_calls={"hello": 1})


def fired(timer: str, request: int) -> Event:
    return Event(
        at=seconds(110), actor=Actor.EDGE, kind=Kind.TIMER_FIRED, request=request, data={"timer": timer}
    )


def arrived(request: int, **data: str) -> Event:
    return Event(at=seconds(10), actor=Actor.ORIGIN, kind=Kind.ARRIVED, request=request, data=dict(data))


TIMELINE = Timeline(
    events=(arrived(1), fired("connect", 1), arrived(2, handler="no-content"), fired("read", 2))
)
RIGHT = Expect(
    verdict=Verdict.PHANTOM_FAILURE,
    status=524,
    at=seconds(100),
    end=End.COMPLETE,
    first_byte=seconds(50),
    belief=Belief.FAILED,
    effects=1,
    model_calls=1,
    arrivals=2,
    fired=("read",),
    handler="no-content",
    findings=("header-withheld",),
)


def compared(
    expect: Expect | None,
    seen: ClientExchange = SENT,
    findings: tuple[str, ...] = ("header-withheld",),
    mode: Mode = "sim",
) -> Comparison:
    judgement = judge([seen], LEDGER, BeliefRule.STATUS)
    shown = Shown(judgement=judgement, ledger=LEDGER, timeline=TIMELINE, findings=findings)
    return compare(expect, shown, Options(mode=mode, time_scale=50))


def differences(
    expect: Expect,
    seen: ClientExchange = SENT,
    findings: tuple[str, ...] = ("header-withheld",),
    mode: Mode = "sim",
) -> list[str]:
    comparison = compared(expect, seen, findings, mode)
    assert comparison.problem == ""
    assert comparison.outcome is (Outcome.FAIL if comparison.mismatches else Outcome.PASS)
    return list(comparison.mismatches)


def changed(**changes: object) -> Expect:
    return msgspec.structs.replace(RIGHT, **changes)


def test_what_was_expected_and_seen_differs_in_nothing() -> None:
    assert differences(RIGHT) == []


def test_a_key_that_is_absent_is_not_compared() -> None:
    assert differences(Expect(verdict=Verdict.PHANTOM_FAILURE)) == []


KEYS: list[tuple[dict[str, object], str]] = [
    ({"verdict": Verdict.DELIVERED}, "verdict: expected delivered, saw phantom-failure"),
    ({"status": 504}, "status: expected 504, saw 524"),
    ({"status": 0}, "status: expected 0, saw 524"),
    ({"at": seconds(99)}, "at: expected 99s, saw 100s"),
    ({"end": End.RESET}, "end: expected reset, saw complete"),
    ({"first_byte": seconds(51)}, "first_byte: expected 51s, saw 50s"),
    ({"belief": Belief.OK}, "belief: expected ok, saw failed"),
    ({"effects": 2}, "effects: expected 2, saw 1"),
    ({"model_calls": 0}, "model_calls: expected 0, saw 1"),
    ({"arrivals": 1}, "arrivals: expected 1, saw 2"),
    ({"fired": ("read", "read")}, "fired: expected read, read, saw read"),
    ({"fired": ()}, "fired: expected none, saw connect, read"),
    ({"handler": "idempotent"}, "handler: expected idempotent, saw no-content"),
    ({"findings": ("partial-header",)}, "findings: expected 'partial-header', saw header-withheld"),
]


@pytest.mark.parametrize(("changes", "line"), KEYS, ids=[line for _, line in KEYS])
def test_each_key_that_differs_is_one_line(changes: dict[str, object], line: str) -> None:
    assert differences(changed(**changes)) == [line]


def test_a_finding_that_is_missing_among_none_is_told_so() -> None:
    assert differences(RIGHT, findings=()) == ["findings: expected 'header-withheld', saw none"]


def test_an_answer_that_never_came_has_no_time() -> None:
    silent = msgspec.structs.replace(SENT, first_byte_at=None)
    assert differences(RIGHT, silent) == ["first_byte: expected 50s, it never came"]


def test_no_header_at_all_is_status_0() -> None:
    lost = msgspec.structs.replace(SENT, status=None)
    assert differences(changed(status=0), lost) == []


TOLERATED = [
    ("sim", 0, True),
    ("sim", 1, False),
    ("real", seconds(15), True),
    ("real", seconds(15.1), False),
]


@pytest.mark.parametrize(("mode", "late", "is_tolerated"), TOLERATED)
def test_real_mode_tolerates_a_share_and_sim_nothing(mode: Mode, late: int, is_tolerated: bool) -> None:
    seen = msgspec.structs.replace(SENT, end_at=seconds(110) + late)
    assert (differences(changed(first_byte=None), seen, mode=mode) == []) is is_tolerated


def test_a_short_time_in_real_mode_may_be_off_by_the_slack_of_the_machine() -> None:
    assert slack(seconds(1), Options(mode="real", time_scale=50)) == seconds(10)
    assert slack(seconds(100), Options(mode="real", time_scale=50)) == seconds(15)
    assert slack(seconds(100), Options(mode="sim", time_scale=50)) == 0


def test_a_deadline_that_fired_on_another_request_never_fired() -> None:
    comparison = compared(changed(fired=("connect",), status=504))
    assert (comparison.outcome, comparison.mismatches) == (Outcome.SETUP_ERROR, ())
    assert comparison.problem == "timer 'connect' never fired on request 2 (read did)"


def test_a_deadline_is_missed_where_none_fired() -> None:
    comparison = compared(RIGHT, msgspec.structs.replace(SENT, id=3))
    assert (comparison.outcome, comparison.mismatches) == (Outcome.SETUP_ERROR, ())
    assert comparison.problem == "timer 'read' never fired on request 3 (no timer did)"


@pytest.mark.parametrize("expected", [None, (), ("read",)])
def test_a_deadline_that_fired_or_is_not_spoken_of_is_no_error(expected: tuple[str, ...] | None) -> None:
    assert compared(changed(fired=expected)).problem == ""


@pytest.mark.parametrize("verdict", list(Verdict), ids=str)
def test_without_an_expectation_only_the_truth_is_good(verdict: Verdict) -> None:
    judgement = msgspec.structs.replace(judge([SENT], LEDGER, BeliefRule.STATUS), verdict=verdict)
    shown = Shown(judgement=judgement, ledger=LEDGER, timeline=TIMELINE, findings=())
    is_true = verdict in (Verdict.DELIVERED, Verdict.REFUSED)
    assert compare(None, shown, Options()) == Comparison(
        outcome=Outcome.PASS if is_true else Outcome.FAIL,
        mismatches=() if is_true else (f"verdict: {verdict}",),
    )


def test_timers_are_listed_in_the_order_they_fired() -> None:
    assert fired_on(TIMELINE) == ("connect", "read")
    assert fired_on(TIMELINE, 2) == ("read",)


def test_the_handler_is_the_one_that_the_origin_noted() -> None:
    assert (handler_of(TIMELINE, 1), handler_of(TIMELINE, 2), handler_of(TIMELINE, 3)) == (
        "",
        "no-content",
        "",
    )


WORDS = [
    (RIGHT, "524 at 100s, phantom-failure, 1 effect"),
    (Expect(verdict=Verdict.DUPLICATE, effects=2), "duplicate, 2 effects"),
    (Expect(verdict=Verdict.REFUSED, status=0), "no status, refused"),
    (Expect(verdict=Verdict.REFUSED, effects=0), "refused, 0 effects"),
]


@pytest.mark.parametrize(("expect", "text"), WORDS, ids=[text for _, text in WORDS])
def test_an_expectation_is_told_in_a_few_words(expect: Expect, text: str) -> None:
    assert describe(expect) == text
