"""Compares what was seen with what a scenario expects. Pure: no expectation is ever taken from what was
seen.
"""

from collections.abc import Iterator, Sequence

from firstbyte.harness.model.judge import Judgement
from firstbyte.harness.model.ledger import Ledger
from firstbyte.harness.model.scenario import Expect
from firstbyte.harness.model.timeline import Actor, Kind, Timeline
from firstbyte.harness.model.units import Duration, format_duration

REAL_TOLERANCE = 0.15
"""In real mode a time agrees within this share of itself, or within REAL_SLACK of wall time, whichever is
more.
"""
REAL_SLACK = Duration(200_000)


class NeverFired(Exception):
    """The deadline a scenario is about never fired on the request that was meant: nothing was tested."""


def slack(expected: int, time_scale: float, mode: str) -> int:
    """How far a time may be from the expected one, in scenario microseconds. Nothing in sim."""
    if mode == "sim":
        return 0
    return max(round(expected * REAL_TOLERANCE), round(REAL_SLACK * time_scale))


def check_fired(expect: Expect, timeline: Timeline, request: int) -> None:
    """Raise NeverFired when an expected deadline is not among those that fired on `request`."""
    fired = fired_on(timeline, request)
    missing = [name for name in expect.fired or () if name not in fired]
    if missing:
        seen = ", ".join(fired) or "no timer"
        raise NeverFired(f"timer '{missing[0]}' never fired on request {request} ({seen} did)")


def fired_on(timeline: Timeline, request: int | None = None) -> tuple[str, ...]:
    """The timers that fired, in order."""
    return tuple(
        str(event.data["timer"]) for event in timeline.of(Actor.EDGE, Kind.TIMER_FIRED, request=request)
    )


def mismatches(
    expect: Expect,
    judged: Judgement,
    ledger: Ledger,
    timeline: Timeline,
    findings: Sequence[str],
    *,
    mode: str,
    time_scale: float,
) -> Iterator[str]:
    """One line for each key that differs: `status: expected 524, saw 504`."""
    one = judged.exchange
    yield from _differs("verdict", str(expect.verdict), str(judged.verdict))
    yield from _differs("status", expect.status, one.status or 0)
    yield from _differs("end", expect.end and str(expect.end), str(one.end))
    yield from _differs("belief", expect.belief and str(expect.belief), str(judged.belief))
    yield from _differs("effects", expect.effects, judged.effects)
    yield from _differs("model_calls", expect.model_calls, ledger.model_calls.get(one.intent, 0))
    yield from _differs("arrivals", expect.arrivals, len(timeline.of(Actor.ORIGIN, Kind.ARRIVED)))
    if expect.handler is not None:
        yield from _differs("handler", expect.handler, handler_of(timeline, one.id))
    if expect.fired is not None:
        seen = fired_on(timeline, one.id) if expect.fired else fired_on(timeline)
        yield from _differs("fired", ", ".join(expect.fired), ", ".join(seen))
    for key, wanted, at in (
        ("at", expect.at, one.end_at),
        ("first_byte", expect.first_byte, one.first_byte_at),
    ):
        if wanted is not None:
            yield from _differs_in_time(key, wanted, at, one.sent_at, slack(wanted, time_scale, mode))
    for finding in expect.findings:
        if finding not in findings:
            yield f"findings: expected '{finding}', saw {', '.join(findings) or 'none'}"


def _differs(key: str, expected: object, seen: object) -> Iterator[str]:
    if expected is not None and expected != seen:
        yield f"{key}: expected {_word(expected)}, saw {_word(seen)}"


def _word(value: object) -> object:
    return "none" if value == "" else value


def _differs_in_time(key: str, expected: int, at: int | None, start: int, allowed: int) -> Iterator[str]:
    if at is None:
        yield f"{key}: expected {format_duration(expected)}, it never came"
    elif abs(at - start - expected) > allowed:
        yield f"{key}: expected {format_duration(expected)}, saw {format_duration(at - start)}"


def handler_of(timeline: Timeline, request: int) -> str:
    """The handler that answered a request, as the origin noted it."""
    for event in timeline.of(Actor.ORIGIN, Kind.ARRIVED, request=request):
        if "handler" in event.data:
            return str(event.data["handler"])
    return ""


def describe(expect: Expect) -> str:
    """An expectation in a few words: `524 at 100s, phantom-failure, 1 effect`."""
    words = []
    if expect.status is not None:
        when = f" at {format_duration(expect.at)}" if expect.at is not None else ""
        words.append(f"{expect.status or 'no status'}{when}")
    words.append(str(expect.verdict))
    if expect.effects is not None:
        words.append(f"{expect.effects} effect{'' if expect.effects == 1 else 's'}")
    return ", ".join(words)
