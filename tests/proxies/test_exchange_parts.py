"""Each part of an exchange alone: what it is given, what it asks for, what it decides."""

from typing import Any

import pytest
from mitmproxy.proxy.commands import Command
from mitmproxy.proxy.layer import CommandGenerator
from mitmproxy.proxy.layers.http import SendHttp
from mitmproxy.proxy.layers.http._events import (
    RequestData,
    RequestEndOfMessage,
    RequestHeaders,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
)

from firstbyte.harness.model.profile import (
    Cause,
    CloseKind,
    HoldHeader,
    Interim,
    InterimAction,
    Mutation,
    On204,
    Point,
    Profile,
    Resend,
    ResendCause,
)
from firstbyte.harness.model.timeline import Kind
from firstbyte.harness.model.units import seconds
from firstbyte.proxies.edge import decisions
from firstbyte.proxies.edge.attempts import Attempts
from firstbyte.proxies.edge.deadlines import Deadlines
from firstbyte.proxies.edge.ending import ExchangeEnding
from firstbyte.proxies.edge.journal import Journal
from firstbyte.proxies.edge.ordered import Ordered
from firstbyte.proxies.edge.reply import ClientVersion, EdgeReply
from firstbyte.proxies.edge.response import Response
from firstbyte.proxies.edge.tunnel import Tunnel
from firstbyte.proxies.edge.upload import MAX_PENDING, Upload
from firstbyte.proxies.http.connections import EdgeContext, OriginConnection
from firstbyte.proxies.http.fields import read_request_head
from firstbyte.proxies.http.signals import (
    AlarmRang,
    AskOrigin,
    BreakOff,
    HoldReading,
    InterimReceived,
    LeaveOrigin,
    OriginBroke,
    OriginRead,
    OriginReady,
    OriginUnreachable,
    Room,
    SetAlarm,
)
from firstbyte.proxies.rules.orders import Action, Next
from tests.proxies.exchange_lab import HEAD, STREAM, Bench, response
from tests.proxies.lab import HEADER, plain, profile, timer

ORIGIN = OriginConnection(("origin", 80))
BODY = RequestData(STREAM, b"abc")
END = RequestEndOfMessage(STREAM)
OK = b"Content-Length: 2"
ALWAYS = Resend(methods=("POST",), causes=tuple(ResendCause), statuses=(503,), delay=seconds(2))


class Parts:
    """All parts of one exchange, made as an exchange makes them, with nothing that drives them."""

    def __init__(
        self,
        edge_profile: Profile | None = None,
        *lines: bytes,
        order: Next | None = None,
        version: ClientVersion = ClientVersion.HTTP11,
        **config: Any,
    ) -> None:
        self.profile = edge_profile or profile()
        bench = Bench(self.profile, ordered=order is not None, **config)
        self.edge, self.clock, self.events, client = bench.edge, bench.clock, bench.events, bench.client
        request = read_request_head(list(lines or HEAD))
        self.journal = Journal(self.edge)
        self.journal.open(request, 1)
        self.deadlines = Deadlines(STREAM, self.edge, self.journal)
        self.upload = Upload(request, STREAM, client, self.edge, self.journal, self.deadlines)
        self.reply = EdgeReply(STREAM, client, self.profile, version, self.journal, self.deadlines)
        self.attempts = Attempts(STREAM, self.profile, self.upload, self.reply, self.journal, self.deadlines)
        if order is not None:
            self.edge.held.order_next(order)
        self.ordered = Ordered(1, self.edge, self.upload, self.journal, self.deadlines)
        self.response = Response(
            self.edge, self.journal, self.deadlines, self.attempts, self.reply, None, self.ordered
        )
        self.ending = ExchangeEnding("", self.edge, self.journal, self.upload, self.attempts, self.reply)
        context = EdgeContext(client, OriginConnection())
        self.tunnel = Tunnel(context, STREAM, self.profile, self.journal, self.deadlines, self.attempts)

    def kinds(self) -> list[Kind]:
        """What was reported, the request's own coming left out."""
        return [event.kind for event in self.events[1:]]

    def connect(self, *, reused: bool = False) -> None:
        """A connection is asked for and there."""
        list(self.attempts.connect())
        list(self.attempts.connected(OriginReady(STREAM, ORIGIN, reused)))


def result[T](steps: CommandGenerator[T]) -> tuple[list[Command], T]:
    """The commands of a generator, and what it returns."""
    made: list[Command] = []
    while True:
        try:
            made.append(next(steps))
        except StopIteration as stop:
            return made, stop.value


def messages(made: object) -> list[object]:
    """The events that go to a connection."""
    return [command.event for command in made if isinstance(command, SendHttp)]  # type: ignore[attr-defined]  # a list


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


# ---- what was ordered


def test_an_order_is_done_once_to_the_request_it_was_meant_for() -> None:
    parts = Parts(order=Next(action=Action.CUT_HEADER))
    assert parts.ordered.take_header(response(200, OK)) == decisions.Expire()
    assert parts.ordered.take_header(response(200, OK)) is None
    assert [seen.fired for seen in parts.edge.held.seen()] == [True]


def test_an_order_to_cut_the_body_says_what_of_it_goes_on() -> None:
    ordered = Parts(order=Next(action=Action.CUT_BODY, after=3)).ordered
    assert ordered.take_header(response(200, b"Content-Length: 9")) is None
    assert [ordered.take_body(data) for data in (b"ab", b"cd")] == [(b"ab", False), (b"c", True)]


def test_an_order_to_send_again_needs_the_whole_request() -> None:
    parts = Parts(order=Next(action=Action.RESEND))
    assert parts.ordered.take_header(response(200, OK)) is None
    parts.upload.end(END)
    assert parts.ordered.take_header(response(200, OK)) == decisions.SendAgain("order", leave=CloseKind.FIN)


def test_a_request_that_is_released_is_seen_as_held() -> None:
    parts = Parts(order=Next(action=Action.HOLD))
    parts.ordered.kept_back.append(END)
    assert parts.ordered.describe().answered
    assert parts.ordered.release() == [END]
    assert (parts.ordered.action, parts.ordered.kept_back) == (None, [])
    assert [seen.fired for seen in parts.edge.held.seen()] == [True]


# ---- the origin's answer

REFUSED = decisions.Failure((ResendCause.GARBAGE,), "protocol-error", CloseKind.FIN)
REPLACING = profile(mutation=Mutation(replaces=(502,)), more_answers={"replaced": plain(502)})


@pytest.mark.parametrize(
    ("edge_profile", "status", "fields", "decision"),
    [
        (profile(), 200, (OK,), None),
        (profile(resend=(ALWAYS,)), 503, (OK,), decisions.SendAgain(ResendCause.STATUS, seconds(2))),
        (profile(interim=Interim(on_101=InterimAction.REFUSE)), 101, (), REFUSED),
        (profile(mutation=Mutation(framed_204=On204.REFUSE)), 204, (OK,), REFUSED),
        (REPLACING, 502, (OK,), decisions.Answer("replaced", 502, CloseKind.NOTHING)),
    ],
    ids=["goes-on", "sent-again", "101-refused", "204-refused", "replaced"],
)
def test_a_header_goes_on_or_is_a_decision(
    edge_profile: Profile, status: int, fields: tuple[bytes, ...], decision: decisions.Decision | None
) -> None:
    parts = Parts(edge_profile)
    parts.upload.prepare(has_body=False)
    made, decided = result(parts.response.take_header(ResponseHeaders(STREAM, response(status, *fields))))
    assert decided == decision
    assert [type(event) for event in messages(made)] == ([ResponseHeaders] if decision is None else [])


def test_an_interim_taken_for_the_answer_resets_the_stream_of_an_http2_client() -> None:
    parts = Parts(version=ClientVersion.HTTP2)
    _, decision = result(parts.response.take_header(ResponseHeaders(STREAM, response(103))))
    assert decision == decisions.Drop("PROTOCOL_ERROR")


@pytest.mark.parametrize(
    ("action", "decision"),
    [
        (InterimAction.FORWARD, None),
        (InterimAction.SWALLOW, None),
        (InterimAction.REFUSE, REFUSED),
        (InterimAction.STRAND, decisions.Silence(CloseKind.NOTHING)),
    ],
)
def test_an_interim_is_what_the_profile_makes_of_it(
    action: InterimAction, decision: decisions.Decision | None
) -> None:
    parts = Parts(profile(interim=Interim(on_102=action)))
    made, decided = result(parts.response.take_interim(InterimReceived(STREAM, response(102))))
    assert decided == decision
    assert len(made) == (action in (InterimAction.FORWARD, InterimAction.STRAND))


@pytest.mark.parametrize(
    ("reused", "broken", "decision"),
    [
        (False, OriginBroke(STREAM, Cause.GARBAGE, False, "?"), REFUSED),
        (
            False,
            OriginBroke(STREAM, Cause.FIN, False, ""),
            decisions.Failure((ResendCause.CLOSED,), "closed"),
        ),
        (
            False,
            OriginBroke(STREAM, Cause.RESET, False, ""),
            decisions.Failure((ResendCause.CLOSED,), "reset"),
        ),
        (
            False,
            OriginBroke(STREAM, Cause.FIN, True, ""),
            decisions.Failure((ResendCause.PARTIAL,), "partial"),
        ),
        (
            True,
            OriginBroke(STREAM, Cause.FIN, False, ""),
            decisions.Failure((ResendCause.STALE, ResendCause.CLOSED), "closed"),
        ),
    ],
    ids=["garbage", "fin", "reset", "partial", "stale"],
)
def test_a_break_before_the_header_fails_the_attempt(
    reused: bool, broken: OriginBroke, decision: decisions.Decision
) -> None:
    parts = Parts()
    parts.connect(reused=reused)
    assert parts.response.take_break(broken) == decision


def test_a_break_after_the_header_cuts_the_answer() -> None:
    parts = Parts()
    list(parts.response.take_header(ResponseHeaders(STREAM, response(200, OK))))
    assert parts.response.take_break(OriginBroke(STREAM, Cause.FIN, False, "")) == decisions.Cut(Cause.FIN)


@pytest.mark.parametrize(("status", "decision"), [(200, decisions.Complete()), (101, decisions.Upgrade())])
def test_the_end_of_an_answer_completes_or_upgrades(status: int, decision: decisions.Decision) -> None:
    parts = Parts()
    list(parts.response.take_header(ResponseHeaders(STREAM, response(status))))
    assert result(parts.response.take_end(ResponseEndOfMessage(STREAM))) == ([], decision)


# ---- the reply


def test_a_reply_whose_header_is_held_goes_out_with_its_body() -> None:
    reply = Parts(profile(hold_header=HoldHeader.UNTIL_BODY)).reply
    assert reply.begin(response(200, OK)) == []
    assert [type(event) for event in messages(reply.data(b"ok"))] == [ResponseHeaders, ResponseData]


def test_a_reply_to_a_client_that_has_left_sends_nothing() -> None:
    reply = Parts().reply
    reply.client_left = True
    assert reply.begin(response(200, OK)) + reply.data(b"ok") + reply.end() == []


# ---- endings


@pytest.mark.parametrize(
    ("ending", "last", "end", "status"),
    [
        (decisions.Answer("timeout"), "FinishAndClose", "complete", 524),
        (decisions.Answer("timeout", 599), "FinishAndClose", "complete", 599),
        (decisions.Cut(Cause.TIMER), "BreakOff", "cut", 0),
        (decisions.Drop(), "BreakOff", "complete", 0),
        (decisions.Complete(), "ResponseEndOfMessage", "complete", 0),
        (decisions.Silence(CloseKind.FIN), "", "complete", 0),
    ],
    ids=["answer", "answer-with-a-status", "cut", "drop", "complete", "silence"],
)
def test_an_ending_leaves_the_origin_and_tells_the_client(
    ending: decisions.Ending, last: str, end: str, status: int
) -> None:
    parts = Parts()
    parts.connect()
    made = list(parts.ending.carry_out(ending))
    assert [type(event).__name__ for event in messages(made)][-1:] == ([last] if last else [])
    assert parts.attempts.connection is None
    assert (parts.journal.record.end, parts.journal.record.status) == (end, status)


# ---- the tunnel


def test_a_tunnel_passes_bytes_both_ways_until_one_side_ends() -> None:
    parts = Parts()
    parts.connect()
    assert [type(event) for event in messages(parts.tunnel.start(None))] == [ResponseEndOfMessage]
    for event in (BODY, ResponseData(STREAM, b"x")):
        made, is_over = result(parts.tunnel.take(event))
        assert (messages(made), is_over) == ([event], False)
    made, is_over = result(parts.tunnel.take(END))
    assert ([type(event) for event in messages(made)], is_over) == ([BreakOff], True)
    assert parts.attempts.connection is None


def test_a_tunnel_that_a_timer_cuts_says_so() -> None:
    parts = Parts()
    parts.connect()
    made = list(parts.tunnel.cut())
    assert [type(event) for event in messages(made)] == [BreakOff]
    assert (parts.journal.record.end, parts.kinds()[-2:]) == ("cut", [Kind.CUT, Kind.ORIGIN_CLOSED])
