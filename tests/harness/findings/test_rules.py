"""Each finding is seen in the smallest run that shows it, and not in the most similar one that must not."""

from dataclasses import dataclass, field

import msgspec
import pytest

from firstbyte.harness.findings import find, run_finding_ids
from firstbyte.harness.model.judge import judge
from firstbyte.harness.model.ledger import Ledger, Message
from firstbyte.harness.model.profile import Answer, HoldHeader, Interim, Point, Profile, Timer
from firstbyte.harness.model.timeline import Actor, Event, Kind, join
from firstbyte.harness.model.units import seconds
from firstbyte.harness.model.verdict import BeliefRule, ClientExchange, End
from tests.harness.report.samples import INTENT, client, edge, exchange, ledger, model, origin

GAP = Timer(
    name="read",
    starts_on=Point.REQUEST_SENT,
    stops_on=(Point.RESPONSE_COMPLETED,),
    reset_by=(Point.BODY_READ, Point.INTERIM_RECEIVED),
    limit=seconds(100),
)
PROFILE = Profile(id="gap", title="A limit between reads", timers=(GAP,), answers={})
TOTAL = msgspec.structs.replace(PROFILE, timers=(msgspec.structs.replace(GAP, reset_by=()),))
HOLDS = msgspec.structs.replace(PROFILE, hold_header=HoldHeader.UNTIL_BODY)
AFTER_102 = msgspec.structs.replace(
    PROFILE, interim=Interim(after="late"), answers={"late": Answer(status=522)}
)


def fired(at: float, *, limit: float = 100, **data: bool) -> Event:
    return edge(at, Kind.TIMER_FIRED, timer="read", limit_us=seconds(limit), **data)


def gateway(at: float = 100, status: int | None = 524, **changes: object) -> ClientExchange:
    return msgspec.structs.replace(exchange(status=status, header=at, end=at), **changes)


def changed(one: ClientExchange, **changes: object) -> ClientExchange:
    return msgspec.structs.replace(one, **changes)


def meant(size: int) -> Ledger:
    return msgspec.structs.replace(ledger(), body_bytes={1: size})


ARRIVED = origin(0, Kind.ARRIVED)
PERSISTED = origin(0.001, Kind.PERSISTED)
FORWARDED = edge(0, Kind.REQUEST_FORWARDED)
HEADER = edge(0.01, Kind.HEADER_COMPLETED)
OK = exchange()
NOTHING = Ledger(stages={INTENT: "arrived"})
TWO = ledger(effects=2, calls=2)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One run. Default: a request that got its 204 in 3 ms and is stored once."""

    events: tuple[Event, ...] = ()
    exchanges: tuple[ClientExchange, ...] = (OK,)
    held: Ledger = field(default_factory=ledger)
    profile: Profile | None = None
    rule: BeliefRule = BeliefRule.STATUS


def found(case: Case) -> tuple[str, ...]:
    judgement = judge(case.exchanges, case.held, case.rule)
    return find(join(case.events), case.exchanges, case.held, judgement, case.profile)


SILENT = Case(events=(ARRIVED, FORWARDED, fired(100)), exchanges=(gateway(),))
OPAQUE = Case(events=(ARRIVED, origin(130, Kind.HEADER_SENT)), exchanges=(gateway(60, 504),))
STREAM = exchange(status=200, header=0.01, end=15, kind=End.TRUNCATED)
AGAIN = (gateway(), exchange(id_=2, sent=105, header=105.1, end=105.1))

SEEN: tuple[tuple[str, str, Case], ...] = (
    ("header-withheld", "nothing at all until the limit", SILENT),
    ("header-withheld", "an edge that tells nothing answered first", OPAQUE),
    ("partial-header", "the edge read header bytes and no blank line", Case(
        events=(ARRIVED, edge(0.01, Kind.ORIGIN_READ, bytes=71), fired(100)), exchanges=(gateway(),))),
    ("partial-header", "the client saw lines for 3 s, no edge", Case(
        events=(ARRIVED, client(0.01, Kind.HEADER_LINE, count=2)), exchanges=(exchange(header=3, end=3),))),
    ("partial-header", "the origin says so, an edge that tells nothing answered", Case(
        events=(ARRIVED, origin(0.01, Kind.PARTIAL_SENT)), exchanges=(gateway(60, 504),))),
    ("loop-blocked", "told late that its connection had ended", Case(
        events=(ARRIVED, fired(100), edge(100, Kind.ORIGIN_CLOSED, by="edge"),
                origin(130, Kind.FINISHED), origin(130, Kind.CLIENT_GONE)), exchanges=(gateway(),))),
    ("loop-blocked", "answered on a connection that had long ended", Case(
        events=(ARRIVED, fired(100), edge(100, Kind.ORIGIN_CLOSED, by="edge"),
                model(130, Kind.FIRST_TOKEN), origin(130, Kind.HEADER_SENT)), exchanges=(gateway(),))),
    ("loop-blocked", "saw the request only when its work was over", Case(
        events=(FORWARDED, origin(3, Kind.FINISHED), origin(3, Kind.ARRIVED)))),
    ("loop-blocked", "without an edge: the client left and it noticed later", Case(
        events=(ARRIVED, client(1, Kind.LEFT), origin(9, Kind.FINISHED), origin(9, Kind.CLIENT_GONE)),
        exchanges=(gateway(1, end=End.OPEN, status=None),))),
    ("upload-cut-by-limit", "cut at 30 s, the request never whole", Case(
        events=(ARRIVED, fired(30, limit=30)), exchanges=(gateway(30),))),
    ("silence-longer-than-limit", "header, no body, deadline", Case(
        events=(ARRIVED, HEADER, fired(100)), exchanges=(gateway(),))),
    ("gap-longer-than-limit", "a byte at 5 s, a limit of 10 s, cut at 15 s", Case(
        events=(ARRIVED, HEADER, edge(5, Kind.BODY), fired(15, limit=10)), exchanges=(STREAM,))),
    ("total-limit-cuts-stream", "a byte at 14 s, a limit of 15 s, cut at 15 s", Case(
        events=(ARRIVED, HEADER, edge(14, Kind.BODY), fired(15, limit=15)), exchanges=(STREAM,))),
    ("header-held-by-edge", "the edge had it 3 s before the client", Case(
        events=(ARRIVED, HEADER), exchanges=(exchange(status=200, header=3, end=3),))),
    ("header-held-by-edge", "the client never had it", Case(
        events=(ARRIVED, HEADER, fired(100)),
        exchanges=(gateway(header_at=None, status=None, end=End.RESET),))),
    ("header-held-by-edge", "the profile says so of an edge that tells nothing", Case(
        events=(ARRIVED, origin(0.01, Kind.HEADER_SENT)), exchanges=(exchange(status=200, header=3, end=3),),
        profile=HOLDS)),
    ("interim-breaks-edge", "an error at once", Case(
        events=(ARRIVED, edge(1, Kind.INTERIM, status=103), edge(1.002, Kind.ANSWERED, status=503)),
        exchanges=(gateway(1.002, 503),))),
    ("interim-breaks-edge", "another error than for silence", Case(
        events=(ARRIVED, edge(1, Kind.INTERIM), fired(100), edge(100, Kind.ANSWERED, answer="late")),
        exchanges=(gateway(100, 522),), profile=AFTER_102)),
    ("interim-breaks-edge", "the 102 was passed on as all there is", Case(
        events=(ARRIVED, edge(0, Kind.INTERIM, status=102)),
        exchanges=(gateway(1, status=None, header_at=None, end=End.TRUNCATED, interims=(102,)),))),
    ("interim-does-not-help", "a 102 at 90 s, cut at 100 s", Case(
        events=(ARRIVED, edge(90, Kind.INTERIM, status=102), fired(100)), exchanges=(gateway(),))),
    ("interim-does-not-help", "one 102 at once, then silence", Case(
        events=(ARRIVED, FORWARDED, edge(0, Kind.INTERIM, status=102), fired(100)), exchanges=(gateway(),))),
    ("origin-unreachable", "no connection", Case(
        events=(edge(0, Kind.CONNECT_FAILED),), exchanges=(gateway(0.1, 521),), held=Ledger())),
    ("origin-closed-early", "FIN instead of a header", Case(
        events=(ARRIVED, edge(1, Kind.ORIGIN_CLOSED, by="origin", how="fin")), exchanges=(gateway(1, 502),))),
    ("origin-died-before-durable", "killed with the request in hand", Case(
        events=(ARRIVED, origin(1, Kind.KILLED, request=0)), exchanges=(gateway(1, 502),), held=NOTHING)),
    ("deadline-tie", "the event says so", Case(
        events=(ARRIVED, fired(100, tie=True)), exchanges=(gateway(),))),
    ("answered-by-edge", "the edge says so", Case(
        events=(ARRIVED, fired(100), edge(100, Kind.ANSWERED, status=524)), exchanges=(gateway(),))),
    ("answered-by-edge", "the origin had not answered yet", OPAQUE),
    ("answered-by-edge", "an edge is there, and the origin was left without an answer", Case(
        events=(ARRIVED, origin(60, Kind.CLIENT_GONE)), exchanges=(gateway(60, 504),), profile=PROFILE)),
    ("connection-lost-without-status", "reset", Case(
        events=(ARRIVED,), exchanges=(gateway(5, status=None, header_at=None, end=End.RESET),))),
    ("truncated-body", "200 and half of it", Case(events=(ARRIVED, HEADER), exchanges=(STREAM,))),
    ("truncated-looks-complete", "5 of 10 bytes and a clean end", Case(
        exchanges=(changed(OK, status=200, body_bytes=5),), held=meant(10))),
    ("truncated-looks-complete", "the origin never came to its end", Case(
        exchanges=(changed(OK, status=200, body_bytes=5),), held=meant(-1))),
    ("body-on-204", "two bytes", Case(exchanges=(changed(OK, body_bytes=2),))),
    ("body-on-204", "the edge took it away", Case(
        events=(ARRIVED, origin(0, Kind.HEADER_SENT, status=204)), held=meant(2))),
    ("body-on-204", "the framing of a body", Case(exchanges=(changed(OK, framing_ok=False),))),
    ("told-to-retry", "Retry-After on a request that arrived", Case(
        events=(ARRIVED, fired(100)), exchanges=(gateway(retry_signals=("Retry-After: 120",)),))),
    ("edge-resent-request", "the edge says so", Case(events=(ARRIVED, edge(30, Kind.RESENT, attempt=2)))),
    ("edge-resent-request", "it arrived twice", Case(events=(ARRIVED, origin(30, Kind.ARRIVED)))),
    ("request-never-arrived", "the edge refused it", Case(
        events=(edge(0, Kind.REQUEST_RECEIVED),), exchanges=(gateway(1, 413),), held=Ledger())),
    ("work-continued-after-cut", "finished 30 s after the error", Case(
        events=(*SILENT.events, origin(130, Kind.FINISHED)), exchanges=(gateway(),))),
    ("client-left-work-went-on", "left at 1 s, finished at 9 s", Case(
        events=(ARRIVED, client(1, Kind.LEFT), origin(9, Kind.FINISHED)),
        exchanges=(gateway(1, status=None, end=End.OPEN),))),
    ("result-after-deadline", "answered at 130 s", Case(
        events=(*SILENT.events, origin(130, Kind.HEADER_SENT)), exchanges=(gateway(),))),
    ("resent-with-new-id", "two messages of one intent", Case(exchanges=AGAIN, held=TWO)),
    ("ack-before-durable", "stored 1.9 s after the 204", Case(events=(ARRIVED, origin(1.9, Kind.PERSISTED)))),
    ("ack-before-durable", "never stored", Case(events=(ARRIVED,), held=NOTHING)),
    ("ack-before-durable", "killed with the 204 sent, stored by the second try in the same moment", Case(
        events=(ARRIVED, origin(0.003, Kind.KILLED, request=0), origin(0.003, Kind.ARRIVED, request=2),
                origin(0.003, Kind.PERSISTED, request=2)), exchanges=(OK, changed(OK, id=2)))),
    ("lost-after-ack", "204 and nothing there", Case(events=(ARRIVED,), held=NOTHING)),
    ("belief-unsettled", "careful, and no later read", Case(
        events=SILENT.events, exchanges=(gateway(),), rule=BeliefRule.CAREFUL)),
    ("safe-retry", "twice there, once counted", Case(
        events=(ARRIVED, origin(105, Kind.ARRIVED, request=2)), exchanges=AGAIN)),
    ("heartbeat-helps", "a byte at 90 s, done at 130 s, limit 100 s", Case(
        events=(ARRIVED, edge(90, Kind.BODY), edge(130, Kind.BODY)),
        exchanges=(exchange(status=200, header=90, end=130),), profile=PROFILE)),
    ("answer-did-not-wait", "204 at once, finished at 130 s", Case(
        events=(ARRIVED, origin(130, Kind.FINISHED)))),
)  # fmt: skip

NOT_SEEN: tuple[tuple[str, str, Case], ...] = (
    ("header-withheld", "some bytes came", Case(
        events=(ARRIVED, edge(0.01, Kind.ORIGIN_READ), fired(100)), exchanges=(gateway(),))),
    ("header-withheld", "the origin never had the request", Case(
        events=(fired(19),), exchanges=(gateway(19, 522),), held=Ledger())),
    ("header-withheld", "a header after 50 s, and nobody stopped waiting", Case(
        events=(ARRIVED, FORWARDED), exchanges=(exchange(header=50, end=50),))),
    ("header-withheld", "the origin's own 503", Case(
        events=(ARRIVED, origin(1, Kind.HEADER_SENT)), exchanges=(gateway(1, 503),))),
    ("header-withheld", "the upload was cut", Case(
        events=(ARRIVED, fired(30, limit=30)), exchanges=(gateway(30),))),
    ("header-withheld", "a 503 of an origin that tells nothing of its headers", Case(
        events=(ARRIVED,), exchanges=(gateway(1, 503),))),
    ("partial-header", "only a 1xx was read", Case(
        events=(ARRIVED, FORWARDED, edge(1, Kind.ORIGIN_READ), edge(1, Kind.INTERIM, status=102), fired(100)),
        exchanges=(gateway(),))),
    ("partial-header", "two segments within milliseconds", Case(
        events=(ARRIVED, client(0.001, Kind.HEADER_LINE, count=1)))),
    ("partial-header", "all of it before the limit", Case(
        events=(ARRIVED, edge(0.009, Kind.ORIGIN_READ), HEADER, fired(100)), exchanges=(gateway(),))),
    ("partial-header", "the lines of the edge's own answer", Case(
        events=(ARRIVED, fired(100), client(100, Kind.HEADER_LINE)), exchanges=(gateway(),))),
    ("loop-blocked", "told at once, worked on", Case(
        events=(ARRIVED, fired(100), edge(100, Kind.ORIGIN_CLOSED, by="edge"), origin(100, Kind.CLIENT_GONE),
                origin(130, Kind.FINISHED)), exchanges=(gateway(),))),
    ("loop-blocked", "nobody closed its connection", Case(
        events=(ARRIVED, fired(100), origin(130, Kind.FINISHED), origin(130, Kind.HEADER_SENT)),
        exchanges=(gateway(),))),
    ("upload-cut-by-limit", "whole and unanswered", SILENT),
    ("silence-longer-than-limit", "a body byte came", Case(
        events=(ARRIVED, HEADER, edge(5, Kind.BODY), fired(15, limit=10)), exchanges=(STREAM,))),
    ("silence-longer-than-limit", "there was no header", SILENT),
    ("gap-longer-than-limit", "the edge took a 102 for the header", Case(
        events=(ARRIVED, edge(1, Kind.HEADER_COMPLETED, status=102), edge(5, Kind.BODY), fired(15, limit=10)),
        exchanges=(changed(STREAM, status=None, header_at=None, interims=(102,)),))),
    ("gap-longer-than-limit", "bytes until the end", Case(
        events=(ARRIVED, HEADER, edge(14, Kind.BODY), fired(15, limit=15)), exchanges=(STREAM,))),
    ("total-limit-cuts-stream", "a gap as long as the limit", Case(
        events=(ARRIVED, HEADER, edge(5, Kind.BODY), fired(15, limit=10)), exchanges=(STREAM,))),
    ("header-held-by-edge", "passed on at once", Case(events=(ARRIVED, edge(0.001, Kind.HEADER_COMPLETED)))),
    ("header-held-by-edge", "no edge at all", Case(
        events=(ARRIVED, origin(0, Kind.HEADER_SENT)), exchanges=(exchange(header=3, end=3),))),
    ("interim-breaks-edge", "200 after it", Case(
        events=(ARRIVED, edge(1, Kind.INTERIM)), exchanges=(exchange(status=200, header=9, end=9),))),
    ("interim-breaks-edge", "no interim", SILENT),
    ("interim-does-not-help", "silence as long as the limit after it", Case(
        events=(ARRIVED, edge(10, Kind.INTERIM), fired(110)), exchanges=(gateway(110),))),
    ("origin-unreachable", "a second attempt got through", Case(
        events=(edge(0, Kind.CONNECT_FAILED), origin(1, Kind.ARRIVED)))),
    ("origin-closed-early", "after its header", Case(
        events=(ARRIVED, HEADER, edge(1, Kind.ORIGIN_CLOSED, by="origin")), exchanges=(STREAM,))),
    ("origin-closed-early", "the edge closed", Case(
        events=(ARRIVED, fired(100), edge(100, Kind.ORIGIN_CLOSED, by="edge")), exchanges=(gateway(),))),
    ("origin-died-before-durable", "stored before", Case(
        events=(ARRIVED, PERSISTED, origin(1, Kind.KILLED, request=0)))),
    ("deadline-tie", "no tie", SILENT),
    ("answered-by-edge", "the origin's own error", Case(
        events=(ARRIVED, HEADER), exchanges=(gateway(0.01, 503),))),
    ("answered-by-edge", "the origin's 400, no edge", Case(
        events=(ARRIVED,), exchanges=(gateway(0.01, 400),))),
    ("connection-lost-without-status", "the client left", Case(
        events=(ARRIVED,), exchanges=(gateway(1, status=None, header_at=None, end=End.OPEN),))),
    ("connection-lost-without-status", "never connected", Case(
        exchanges=(gateway(1, status=None, connected=False, end=End.RESET),), held=Ledger())),
    ("truncated-body", "complete", Case(exchanges=(changed(OK, status=200, body_bytes=10),))),
    ("truncated-looks-complete", "all of it", Case(
        exchanges=(changed(OK, status=200, body_bytes=10),), held=meant(10))),
    ("truncated-looks-complete", "a 204 has no body to lose", Case(held=meant(2))),
    ("truncated-looks-complete", "the first of two attempts broke", Case(
        events=(ARRIVED, edge(1, Kind.RESENT)), exchanges=(changed(OK, status=200),), held=meant(-1))),
    ("truncated-looks-complete", "the break shows", Case(
        exchanges=(changed(STREAM, body_bytes=5),), held=meant(10))),
    ("body-on-204", "a 200 with a body", Case(exchanges=(changed(OK, status=200, body_bytes=2),))),
    ("told-to-retry", "the request never arrived", Case(
        exchanges=(gateway(retry_signals=("Retry-After: 120",)),), held=Ledger())),
    ("edge-resent-request", "the client sent it twice", Case(
        events=(ARRIVED, origin(105, Kind.ARRIVED, request=2)), exchanges=AGAIN)),
    ("request-never-arrived", "it arrived", SILENT),
    ("work-continued-after-cut", "finished before", Case(
        events=(ARRIVED, PERSISTED, fired(100)), exchanges=(gateway(),))),
    ("client-left-work-went-on", "aborted", Case(
        events=(ARRIVED, PERSISTED, client(1, Kind.LEFT), origin(1, Kind.ABORTED)),
        exchanges=(gateway(1, status=None, end=End.OPEN),))),
    ("result-after-deadline", "answered in time", Case(events=(ARRIVED, origin(0.002, Kind.HEADER_SENT)))),
    ("resent-with-new-id", "once sent, twice done", Case(events=(ARRIVED,), held=TWO)),
    ("resent-with-new-id", "one message", Case(exchanges=AGAIN)),
    ("ack-before-durable", "stored, then the 204", Case(events=(ARRIVED, PERSISTED))),
    ("ack-before-durable", "the origin can't be asked", Case(held=Ledger(complete=False))),
    ("lost-after-ack", "an error and nothing there", Case(
        events=(ARRIVED,), exchanges=(gateway(),), held=NOTHING)),
    ("belief-unsettled", "believes 'failed'", SILENT),
    ("safe-retry", "twice there, two messages", Case(
        events=(ARRIVED, origin(105, Kind.ARRIVED, request=2)), exchanges=AGAIN, held=TWO)),
    ("safe-retry", "the first never arrived", Case(
        events=(origin(105, Kind.ARRIVED, request=2),), exchanges=AGAIN)),
    ("safe-retry", "the model was called twice", Case(
        events=(ARRIVED, origin(105, Kind.ARRIVED, request=2)), exchanges=AGAIN, held=ledger(calls=2))),
    ("heartbeat-helps", "one late answer without a sign before it", Case(
        events=(ARRIVED, edge(130, Kind.BODY)), exchanges=(exchange(status=200, header=130, end=130),),
        profile=PROFILE)),
    ("heartbeat-helps", "a total limit", Case(
        events=(ARRIVED, edge(90, Kind.BODY), edge(130, Kind.BODY)),
        exchanges=(exchange(status=200, header=90, end=130),), profile=TOTAL)),
    ("answer-did-not-wait", "answered when finished", Case(
        events=(ARRIVED, origin(3, Kind.FINISHED)), exchanges=(exchange(header=3, end=3),))),
)  # fmt: skip


@pytest.mark.parametrize(("id_", "case"), [pytest.param(a, c, id=f"{a}: {b}") for a, b, c in SEEN])
def test_it_is_found(id_: str, case: Case) -> None:
    assert id_ in found(case)


@pytest.mark.parametrize(("id_", "case"), [pytest.param(a, c, id=f"{a}: {b}") for a, b, c in NOT_SEEN])
def test_it_is_not_found(id_: str, case: Case) -> None:
    assert id_ not in found(case)


def test_every_finding_is_seen_in_one_case_and_not_in_another() -> None:
    assert {id_ for id_, _, _ in SEEN} == {id_ for id_, _, _ in NOT_SEEN} == set(run_finding_ids())


def test_findings_come_in_the_order_of_the_table() -> None:
    order = run_finding_ids()
    for _, _, case in (*SEEN, *NOT_SEEN):
        assert list(found(case)) == sorted(found(case), key=order.index)


def test_a_fix_that_works_has_nothing_but_its_reason() -> None:
    case = Case(
        events=(
            ARRIVED,
            PERSISTED,
            FORWARDED,
            edge(0.003, Kind.HEADER_COMPLETED),
            origin(130, Kind.FINISHED),
        ),
        profile=HOLDS,
    )
    assert found(case) == ("answer-did-not-wait",)


def test_without_a_judgement_every_request_is_looked_at() -> None:
    bare = (changed(OK, intent=""), changed(gateway(), id=2, intent=""))
    events = (
        edge(0, Kind.REQUEST_FORWARDED, request=2),
        edge(100, Kind.TIMER_FIRED, request=2, timer="read"),
    )
    assert "header-withheld" in find(join(events), bare, Ledger(), None, None)


def test_requests_of_another_intent_are_not_looked_at() -> None:
    other = changed(gateway(), id=2, intent="something else")
    events = (origin(0, Kind.ARRIVED, request=2), edge(100, Kind.TIMER_FIRED, request=2, timer="read"))
    held = Ledger(messages=(Message(id="a", intent=INTENT),))
    assert found(Case(events=events, exchanges=(other, OK), held=held)) == ()


def test_nothing_seen_is_nothing_found() -> None:
    assert find(join(()), (), Ledger(), None, None) == ()


def test_events_of_other_actors_do_not_count_as_the_origins() -> None:
    page = Event(at=0, actor=Actor.PAGE, kind=Kind.ARRIVED, request=1)
    assert found(Case(events=(page,))) == ()
