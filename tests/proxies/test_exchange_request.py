"""The parts of an exchange that send the request, each alone: journal, deadlines, upload, attempts."""

from typing import Any

import pytest
from mitmproxy.proxy.layers.http._events import (
    RequestData,
    RequestHeaders,
)

from firstbyte.harness.model.profile import (
    CloseKind,
    Interim,
    InterimAction,
    Point,
    ResendCause,
)
from firstbyte.harness.model.timeline import Kind
from firstbyte.harness.model.units import seconds
from firstbyte.proxies.edge.upload import MAX_PENDING
from firstbyte.proxies.http.signals import (
    AlarmRang,
    AskOrigin,
    HoldReading,
    LeaveOrigin,
    OriginRead,
    OriginUnreachable,
    Room,
    SetAlarm,
)
from tests.proxies.exchange_lab import HEAD, STREAM, response
from tests.proxies.exchange_parts import ALWAYS, BODY, END, OK, ORIGIN, Parts, messages
from tests.proxies.lab import HEADER, profile, timer

# ---- journal


def test_a_journal_reports_under_the_requests_number_at_its_moment() -> None:
    parts = Parts(None, b"POST /x HTTP/1.1", b"Host: a", b"X-Firstbyte-Request: 7")
    parts.journal.now = 5
    parts.journal.report(Kind.CLIENT_LEFT)
    last = parts.events[-1]
    assert (last.request, last.at, last.kind, last.data) == (7, 5, Kind.CLIENT_LEFT, {"hop": 0})
    assert repr(parts.journal) == "<Journal at 5us>"


# ---- deadlines


def test_a_deadline_starts_at_its_point_and_wakes_the_exchange_once() -> None:
    parts = Parts()
    assert parts.deadlines.set_alarm(None) == ()
    parts.deadlines.reach(Point.REQUEST_SENT)
    (alarm,) = parts.deadlines.set_alarm(None)
    assert isinstance(alarm, SetAlarm)
    assert (alarm.stream_id, alarm.at) == (STREAM, seconds(1))
    assert parts.deadlines.set_alarm(None) == ()
    assert repr(parts.deadlines) == "<Deadlines header 1s left>"


def test_the_pause_before_an_attempt_wakes_the_exchange_too() -> None:
    parts = Parts()
    parts.deadlines.reach(Point.REQUEST_SENT)
    (alarm,) = parts.deadlines.set_alarm(400)
    assert isinstance(alarm, SetAlarm)
    assert alarm.at == 400


@pytest.mark.parametrize(
    ("config", "fires"), [({}, True), ({"is_virtual": False}, False), ({"held": True}, False)]
)
def test_a_deadline_fires_with_any_event_in_virtual_time_alone(config: dict[str, Any], fires: bool) -> None:
    parts = Parts(None, **config)
    parts.deadlines.reach(Point.REQUEST_SENT)
    parts.journal.now = seconds(1)
    assert (parts.deadlines.due(BODY) is not None) is fires
    assert (parts.deadlines.due(AlarmRang(STREAM)) is not None) is not config.get("held", False)


def test_an_origin_that_takes_nothing_stops_the_wait_for_the_client() -> None:
    idle = timer(HEADER, starts_on=Point.REQUEST_STARTED, stops_on=(Point.REQUEST_RECEIVED,))
    parts = Parts(profile(idle))
    parts.deadlines.reach(Point.REQUEST_STARTED)
    parts.deadlines.change_room(Room.FULL)
    assert repr(parts.deadlines) == "<Deadlines none>"
    parts.deadlines.change_room(Room.FREE)
    assert repr(parts.deadlines) == "<Deadlines header 1s left>"


def test_the_deadline_to_expire_is_the_first_that_runs_or_one_of_the_profile_by_name() -> None:
    connect = timer(HEADER, name="connect", stops_on=(Point.CONNECTED,))
    assert Parts(profile(connect, HEADER)).deadlines.first().name == "header"
    assert Parts(profile(connect)).deadlines.first().name == "expire"


# ---- upload


def test_an_upload_waits_for_a_connection_and_then_goes_out_in_order() -> None:
    upload = Parts().upload
    assert (*upload.pass_on(BODY, None), *upload.pass_on(END, None)) == ()
    head, *rest = messages(upload.send_to(ORIGIN))
    assert isinstance(head, RequestHeaders)
    assert rest == [BODY, END]
    assert messages(upload.pass_on(BODY, ORIGIN)) == [BODY]


def test_an_upload_that_waits_for_long_stops_the_reading_until_it_can_go_on() -> None:
    upload = Parts().upload
    (hold,) = upload.pass_on(RequestData(STREAM, b"x" * (MAX_PENDING + 1)), None)
    assert isinstance(hold, HoldReading)
    assert hold.hold
    assert upload.pass_on(BODY, None) == ()
    *_, free = upload.send_to(ORIGIN)
    assert isinstance(free, HoldReading)
    assert not free.hold
    assert upload.release_client() == ()


def test_an_upload_is_kept_while_a_rule_may_need_it_and_it_is_short_enough() -> None:
    for rules, most, is_kept in (((), 9, False), ((ALWAYS,), 9, True), ((ALWAYS,), 2, False)):
        upload = Parts(profile(resend=rules), max_replay_bytes=most).upload
        upload.prepare(has_body=True)
        upload.take(BODY)
        assert upload.is_kept is is_kept


def test_an_upload_that_starts_again_sends_all_that_was_kept() -> None:
    parts = Parts()
    parts.upload.keep()
    parts.upload.take(BODY)
    parts.upload.end(END)
    list(parts.upload.send_to(ORIGIN))
    parts.upload.start_again()
    assert messages(parts.upload.send_to(ORIGIN))[1:] == [BODY, END]
    assert repr(parts.upload) == "<Upload whole, 3 bytes, 0 events wait>"


@pytest.mark.parametrize(
    ("on_100", "says_itself"), [(InterimAction.SWALLOW, True), (InterimAction.FORWARD, False)]
)
def test_an_upload_that_asks_for_100_is_told_by_whoever_the_profile_says(
    on_100: InterimAction, says_itself: bool
) -> None:
    parts = Parts(profile(interim=Interim(on_100=on_100)), *HEAD, b"Expect: 100-continue")
    assert parts.upload.prepare(has_body=True) is says_itself


def test_a_buffered_upload_says_when_it_is_too_large_and_shows_an_addon_its_body() -> None:
    upload = Parts(profile(buffer_request=True), max_buffered_bytes=3).upload
    upload.pass_on(BODY, None)
    assert (upload.is_too_large, upload.body_so_far()) == (False, b"abc")
    upload.pass_on(BODY, None)
    assert upload.is_too_large
    upload.replace_body(b"new")
    assert upload.body_so_far() == b"new"


# ---- attempts


def test_the_first_attempt_may_have_a_used_connection_and_the_next_has_a_new_one() -> None:
    attempts = Parts().attempts
    asked = [*attempts.connect()]
    attempts.begin_next("closed", 0)
    asked += attempts.connect()
    assert [ask.fresh for ask in asked if isinstance(ask, AskOrigin)] == [False, True]


def test_an_attempt_is_sent_once_the_request_is_whole_and_the_origin_has_taken_it() -> None:
    parts = Parts()
    parts.connect()
    parts.attempts.note_if_sent()
    assert not parts.attempts.is_sent
    parts.upload.end(END)
    parts.attempts.note_if_sent()
    parts.attempts.note_if_sent()
    assert parts.kinds().count(Kind.REQUEST_FORWARDED) == 1
    assert repr(parts.attempts) == "<Attempts number 1, connected, sent>"


def test_an_attempt_gives_up_its_connection_or_the_wait_for_one() -> None:
    parts = Parts()
    list(parts.attempts.connect())
    (leave,) = parts.attempts.leave(CloseKind.RST)
    assert isinstance(leave, LeaveOrigin)
    assert leave.connection is None
    parts.connect()
    (leave,) = parts.attempts.leave(CloseKind.RST)
    assert isinstance(leave, LeaveOrigin)
    assert (leave.connection, leave.how) == (ORIGIN, CloseKind.RST)
    assert [*parts.attempts.leave(CloseKind.FIN)] == []


def test_an_attempt_without_a_connection_says_why() -> None:
    parts = Parts()
    list(parts.attempts.connect())
    parts.attempts.failed(OriginUnreachable(STREAM, "refused"))
    assert (parts.events[-1].kind, parts.events[-1].data["reason"]) == (Kind.CONNECT_FAILED, "refused")


def test_only_a_used_connection_that_brought_no_byte_is_stale() -> None:
    for reused in (False, True):
        parts = Parts()
        parts.connect(reused=reused)
        assert parts.attempts.is_stale is reused
        parts.attempts.read(OriginRead(STREAM, 1, 0))
        assert not parts.attempts.is_stale


@pytest.mark.parametrize(
    ("change", "has_rule"),
    [
        (lambda parts: None, True),
        (lambda parts: parts.attempts.begin_next("timer", 0), False),
        (lambda parts: setattr(parts.reply, "client_left", True), False),
        (lambda parts: list(parts.reply.begin(response(200, OK))), False),
        (lambda parts: parts.upload.take(RequestData(STREAM, b"too long")), False),
    ],
    ids=["rule", "no-more-attempts", "client-left", "answer-begun", "body-not-kept"],
)
def test_a_rule_holds_as_long_as_the_request_can_be_sent_again(change: object, has_rule: bool) -> None:
    parts = Parts(profile(resend=(ALWAYS,)), max_replay_bytes=3)
    parts.upload.prepare(has_body=True)
    change(parts)  # type: ignore[operator]  # one of the functions above
    assert (parts.attempts.rule(ResendCause.TIMER) is not None) is has_rule
