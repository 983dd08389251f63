"""Compares what a run showed with what its scenario expects. Pure."""

from collections.abc import Iterator

import msgspec

from firstbyte.harness.model.judge import Judgement
from firstbyte.harness.model.ledger import Ledger
from firstbyte.harness.model.result import Outcome
from firstbyte.harness.model.scenario import Expect
from firstbyte.harness.model.timeline import Actor, Kind, Timeline
from firstbyte.harness.model.units import Duration, format_duration
from firstbyte.harness.runner.plan import Options

REAL_TOLERANCE = 0.15
"""In real mode a time may be off by this share of itself or by REAL_SLACK of wall time, whichever is more."""
REAL_SLACK = Duration(200_000)


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What a run showed, as far as an expectation can speak of it."""

    judgement: Judgement
    ledger: Ledger
    timeline: Timeline
    findings: tuple[str, ...]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a run, with what explains it. mismatches: a line for each key that differs.

    problem: why the run tested nothing.
    """

    outcome: Outcome
    mismatches: tuple[str, ...] = ()
    problem: str = ""


def compare(expect: Expect | None, shown: Shown, options: Options) -> Comparison:
    """Hold what was shown against what is expected.

    Without an expectation the claim decides: the client must have been told the truth. A run whose expected
    deadline never fired on the judged request tested nothing, so it is a set-up error.
    """
    if expect is None:
        verdict = shown.judgement.verdict
        return _compared(() if verdict.is_good else (f"verdict: {verdict}",))
    if problem := _never_fired(expect, shown):
        return Comparison(outcome=Outcome.SETUP_ERROR, problem=problem)
    return _compared(tuple(_mismatches(expect, shown, options)))


def _compared(mismatches: tuple[str, ...]) -> Comparison:
    return Comparison(outcome=Outcome.FAIL if mismatches else Outcome.PASS, mismatches=mismatches)


def _never_fired(expect: Expect, shown: Shown) -> str:
    request = shown.judgement.exchange.id
    fired = fired_on(shown.timeline, request)
    missing = [name for name in expect.fired or () if name not in fired]
    if not missing:
        return ""
    return f"timer '{missing[0]}' never fired on request {request} ({', '.join(fired) or 'no timer'} did)"


def fired_on(timeline: Timeline, request: int | None = None) -> tuple[str, ...]:
    """The timers that fired, in order; on one request, or on any."""
    return tuple(
        str(event.data["timer"]) for event in timeline.of(Actor.EDGE, Kind.TIMER_FIRED, request=request)
    )


def _mismatches(expect: Expect, shown: Shown, options: Options) -> Iterator[str]:
    """One line for each key that differs: `status: expected 524, saw 504`."""
    judged, timeline = shown.judgement, shown.timeline
    exchange = judged.exchange
    yield from _differs("verdict", str(expect.verdict), str(judged.verdict))
    yield from _differs("status", expect.status, exchange.status or 0)
    yield from _differs("end", expect.end and str(expect.end), str(exchange.end))
    yield from _differs("belief", expect.belief and str(expect.belief), str(judged.belief))
    yield from _differs("effects", expect.effects, judged.effects)
    yield from _differs("model_calls", expect.model_calls, shown.ledger.model_calls.get(exchange.intent, 0))
    yield from _differs("arrivals", expect.arrivals, len(timeline.of(Actor.ORIGIN, Kind.ARRIVED)))
    if expect.handler is not None:
        yield from _differs("handler", expect.handler, handler_of(timeline, exchange.id))
    if expect.fired is not None:
        fired = fired_on(timeline, exchange.id) if expect.fired else fired_on(timeline)
        yield from _differs("fired", ", ".join(expect.fired), ", ".join(fired))
    for key, expected, at in (
        ("at", expect.at, exchange.end_at),
        ("first_byte", expect.first_byte, exchange.first_byte_at),
    ):
        if expected is not None:
            passed = None if at is None else at - exchange.sent_at
            yield from _differs_in_time(key, expected, passed, slack(expected, options))
    for finding in expect.findings:
        if finding not in shown.findings:
            yield f"findings: expected '{finding}', saw {', '.join(shown.findings) or 'none'}"


def _differs(key: str, expected: object, seen: object) -> Iterator[str]:
    if expected is not None and expected != seen:
        yield f"{key}: expected {_word(expected)}, saw {_word(seen)}"


def _word(value: object) -> object:
    return "none" if value == "" else value


def _differs_in_time(key: str, expected: int, passed: int | None, allowed: int) -> Iterator[str]:
    if passed is None:
        yield f"{key}: expected {format_duration(expected)}, it never came"
    elif abs(passed - expected) > allowed:
        yield f"{key}: expected {format_duration(expected)}, saw {format_duration(passed)}"


def slack(expected: int, options: Options) -> int:
    """How far a time may be from the expected one, in scenario microseconds. In sim it must be exact."""
    if options.mode == "sim":
        return 0
    return max(round(expected * REAL_TOLERANCE), round(REAL_SLACK * options.time_scale))


def handler_of(timeline: Timeline, request: int) -> str:
    """The handler that answered a request, as the origin noted it; '' when it noted none."""
    for event in timeline.of(Actor.ORIGIN, Kind.ARRIVED, request=request):
        if "handler" in event.data:
            return str(event.data["handler"])
    return ""


def describe(expect: Expect | None) -> str:
    """An expectation in a few words: `524 at 100s, phantom-failure, 1 effect`."""
    if expect is None:
        return "delivered or refused"
    words = []
    if expect.status is not None:
        when = f" at {format_duration(expect.at)}" if expect.at is not None else ""
        words.append(f"{expect.status or 'no status'}{when}")
    words.append(str(expect.verdict))
    if expect.effects is not None:
        words.append(f"{expect.effects} effect{'' if expect.effects == 1 else 's'}")
    return ", ".join(words)
