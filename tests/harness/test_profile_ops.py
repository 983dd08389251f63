"""Profiles made from profiles: another time scale or limit; and what contradicts itself."""

import msgspec
import pytest

from firstbyte.harness.model.profile import Answer, Interim, Point, Profile, Resend, ResendCause, Timer
from firstbyte.harness.model.profile_complaints import complaints
from firstbyte.harness.model.profile_ops import (
    header_timers,
    scaled,
    with_header_limit,
)
from firstbyte.harness.model.units import Duration, seconds

READ = Timer(name="read", starts_on=Point.REQUEST_SENT, stops_on=(Point.HEADER_COMPLETED,), limit=seconds(60))
CONNECT = Timer(
    name="connect", starts_on=Point.CONNECT_STARTED, stops_on=(Point.CONNECTED,), limit=seconds(5)
)
GAP = Timer(
    name="gap",
    starts_on=Point.HEADER_COMPLETED,
    stops_on=(Point.RESPONSE_COMPLETED,),
    reset_by=(Point.BODY_READ,),
    limit=seconds(30),
)
TOTAL = Timer(name="total", starts_on=Point.REQUEST_STARTED, stops_on=(Point.RESPONSE_COMPLETED,))
UPLOAD = Timer(
    name="upload", starts_on=Point.REQUEST_STARTED, stops_on=(Point.REQUEST_RECEIVED,), limit=seconds(20)
)
NAMES = ("timeout", "connect-refused", "connect-timeout", "closed", "reset", "protocol-error")
PROFILE = Profile(
    id="mine",
    title="Mine",
    timers=(READ, CONNECT, GAP, TOTAL, UPLOAD),
    answers={name: Answer(status=502) for name in NAMES},
    resend=(Resend(methods=("GET",), causes=(ResendCause.CLOSED,), delay=seconds(1)),),
)


def limits(profile: Profile) -> dict[str, Duration | None]:
    return {timer.name: timer.limit for timer in profile.timers}


def test_every_limit_and_delay_is_divided() -> None:
    fast = scaled(PROFILE, 50)
    assert limits(fast) == {
        "read": seconds(1.2),
        "connect": seconds(0.1),
        "gap": seconds(0.6),
        "total": None,
        "upload": seconds(0.4),
    }
    assert fast.resend[0].delay == seconds(0.02)
    assert msgspec.structs.replace(fast, timers=PROFILE.timers, resend=PROFILE.resend) == PROFILE


def test_a_scale_of_one_changes_nothing() -> None:
    assert scaled(PROFILE, 1) is PROFILE


def test_header_timers_are_those_that_can_end_the_wait_for_an_answer() -> None:
    assert [timer.name for timer in header_timers(PROFILE)] == ["read", "total"]


def test_a_header_limit_is_given_to_the_timers_that_wait_for_the_header_alone() -> None:
    changed = limits(with_header_limit(PROFILE, seconds(7)))
    assert changed == limits(PROFILE) | {"read": seconds(7), "total": seconds(7)}


def test_a_sound_profile_has_no_complaint() -> None:
    assert list(complaints(PROFILE)) == []


def timer(**changes: object) -> Profile:
    return msgspec.structs.replace(PROFILE, timers=(msgspec.structs.replace(READ, **changes),))


def answers(**changes: Answer) -> Profile:
    return msgspec.structs.replace(PROFILE, answers={**PROFILE.answers, **changes})


COMPLAINTS = [
    (
        msgspec.structs.replace(PROFILE, timers=(READ, READ)),
        "timers.read: two timers have this name; rename one",
    ),
    (timer(stops_on=()), "timers.read.stops_on: is empty; name what ends the wait, or 'never'"),
    (
        timer(stops_on=(Point.REQUEST_SENT,)),
        "timers.read: starts and stops on 'request-sent', so it never runs",
    ),
    (
        timer(limit=Duration(0)),
        "timers.read.limit: must be more than nothing; leave it out for no limit",
    ),
    (timer(answer="gone"), "timers.read.answer: there is no answers.gone"),
    (
        timer(stops_on=(Point.CONNECTED,)),
        "timers.read: starts on 'request-sent', after it has stopped; swap starts_on and stops_on",
    ),
    (
        timer(reset_by=(Point.HEADER_COMPLETED,)),
        "timers.read: header-completed both resets and stops it; keep one",
    ),
    (
        answers(closed=Answer(status=200)),
        "answers.closed.status: 200 is no error; write 400 to 599, or 0 for no answer",
    ),
    (
        msgspec.structs.replace(PROFILE, answers={name: Answer(status=0) for name in NAMES[1:]}, timers=()),
        "answers.timeout: is missing; every profile says what it answers then",
    ),
    (
        msgspec.structs.replace(PROFILE, interim=Interim(after="gone")),
        "interim.after: there is no answers.gone",
    ),
]


@pytest.mark.parametrize(("profile", "complaint"), COMPLAINTS, ids=[line[:40] for _, line in COMPLAINTS])
def test_each_contradiction_is_one_line_with_the_key_the_reason_and_the_cure(
    profile: Profile, complaint: str
) -> None:
    assert list(complaints(profile)) == [complaint]


def test_a_timer_without_an_answer_of_its_own_is_sound() -> None:
    assert list(complaints(timer(answer="", limit=None))) == []
