"""The parts of an exchange that give the answer, each alone: order, response, reply, ending, tunnel."""

import pytest
from mitmproxy.proxy.layers.http._events import (
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
    Profile,
    ResendCause,
)
from firstbyte.harness.model.timeline import Kind
from firstbyte.harness.model.units import seconds
from firstbyte.proxies.edge import decisions
from firstbyte.proxies.edge.reply import ClientVersion
from firstbyte.proxies.http.signals import (
    BreakOff,
    InterimReceived,
    OriginBroke,
)
from firstbyte.proxies.rules.orders import Action, Next
from tests.proxies.exchange_lab import STREAM, response
from tests.proxies.exchange_parts import ALWAYS, BODY, END, OK, Parts, messages, result
from tests.proxies.lab import plain, profile

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
