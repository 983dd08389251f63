"""Runs written by hand, as small as the story they tell: what a picture or a table is tested with."""

from firstbyte.harness.model.judge import judge
from firstbyte.harness.model.ledger import Ledger, Message
from firstbyte.harness.model.result import Fired, Outcome, Run
from firstbyte.harness.model.timeline import Actor, Event, Kind, Timeline
from firstbyte.harness.model.units import seconds
from firstbyte.harness.model.verdict import BeliefRule, ClientExchange, End

INTENT = "hello"
PATH = "/session/ses_1/prompt_async"


def event(at: float, actor: Actor, kind: Kind, request: int = 1, **data: str | int | bool) -> Event:
    """An event at so many seconds."""
    return Event(at=seconds(at), actor=actor, kind=kind, request=request, data=data)


def client(at: float, kind: Kind, request: int = 1, **data: str | int | bool) -> Event:
    return event(at, Actor.CLIENT, kind, request, **data)


def edge(at: float, kind: Kind, request: int = 1, **data: str | int | bool) -> Event:
    return event(at, Actor.EDGE, kind, request, **data)


def origin(at: float, kind: Kind, request: int = 1, **data: str | int | bool) -> Event:
    return event(at, Actor.ORIGIN, kind, request, **data)


def model(at: float, kind: Kind, request: int = 1) -> Event:
    return event(at, Actor.MODEL, kind, request)


def exchange(
    *,
    id_: int = 1,
    sent: float = 0,
    status: int | None = 204,
    header: float | None = 0.003,
    end: float | None = 0.003,
    kind: End = End.COMPLETE,
    path: str = PATH,
) -> ClientExchange:
    """What the client saw, times in seconds."""
    return ClientExchange(
        id=id_,
        method="POST",
        path=path,
        intent=INTENT,
        sent_at=seconds(sent),
        status=status,
        first_byte_at=None if header is None else seconds(header),
        header_at=None if header is None else seconds(header),
        end_at=None if end is None else seconds(end),
        end=kind,
    )


def ledger(effects: int = 1, stage: str = "finished", calls: int = 1) -> Ledger:
    messages = tuple(Message(id=f"msg_{number}", intent=INTENT) for number in range(effects))
    return Ledger(messages=messages, model_calls={INTENT: calls}, stages={INTENT: stage})


def run(
    *events: Event,
    exchanges: tuple[ClientExchange, ...],
    held: Ledger,
    scenario: str = "act-1",
    title: str = "The report's symptom",
    claim: str = "A client must not be told 'failed' when the server has taken the message.",
    outcome: Outcome = Outcome.PASS,
    expected: str = "",
    mismatches: tuple[str, ...] = (),
    problem: str = "",
    findings: tuple[str, ...] = (),
    edge_name: str = "cloudflare-100",
) -> Run:
    """A run of these events, judged as ever; not judged when there are no exchanges."""
    ordered = tuple(sorted(events, key=lambda one: one.at))
    fired = tuple(
        Fired(request=one.request, hop=0, timer=str(one.data["timer"]), at_s=one.at / 1e6)
        for one in ordered
        if one.kind is Kind.TIMER_FIRED
    )
    return Run(
        scenario=scenario,
        title=title,
        claim=claim,
        edge=edge_name,
        target="reference",
        handler="stream-withheld",
        server_handler="stream-withheld",
        mode="sim",
        time_scale=1,
        seed=0,
        belief_rule=BeliefRule.STATUS,
        outcome=outcome,
        judgement=judge(exchanges, held, BeliefRule.STATUS) if exchanges else None,
        exchanges=exchanges,
        fired=fired,
        ledger=held,
        findings=findings,
        timeline=Timeline(events=ordered),
        digest="0123456789abcdef",
        expected=expected,
        mismatches=mismatches,
        problem=problem,
    )


def attempt(request: int, sent: float, *, started: float | None = None) -> tuple[Event, ...]:
    """A request whose header is withheld: cut after 100 s, worked on for 130 s."""
    begun = sent if started is None else started
    return (
        client(sent, Kind.REQUEST_SENT, request),
        edge(sent, Kind.REQUEST_RECEIVED, request, hop=0),
        edge(sent, Kind.TIMER_ARMED, request, hop=0, timer="proxy-read", limit_us=seconds(100)),
        origin(sent, Kind.ARRIVED, request),
        origin(sent, Kind.ADMITTED, request),
        origin(sent, Kind.PERSISTED, request),
        origin(begun, Kind.STARTED, request),
        model(begun, Kind.MODEL_CALLED, request),
        edge(sent + 100, Kind.TIMER_FIRED, request, hop=0, timer="proxy-read", limit_us=seconds(100)),
        edge(sent + 100, Kind.ANSWERED, request, hop=0, status=524),
        client(sent + 100, Kind.HEADER_COMPLETED, request, status=524),
        client(sent + 100, Kind.ENDED, request, end="complete"),
        origin(sent + 100, Kind.CLIENT_GONE, request),
        model(begun + 130, Kind.FIRST_TOKEN, request),
        origin(begun + 130, Kind.FINISHED, request),
    )


def withheld() -> Run:
    """Act 1."""
    one = exchange(status=524, header=100, end=100)
    return run(
        *attempt(1, 0), exchanges=(one,), held=ledger(), expected="524 at 100s, phantom-failure, 1 effect"
    )


def sent_again() -> Run:
    """Act 2: the second waits for the first at the origin."""
    first = exchange(status=524, header=100, end=100)
    second = exchange(id_=2, sent=105, status=524, header=205, end=205)
    return run(
        *attempt(1, 0),
        *attempt(2, 105, started=130),
        exchanges=(first, second),
        held=ledger(effects=2, calls=2),
        scenario="act-2",
        title="The user sends again",
    )


def fixed() -> Run:
    """Act 3: a complete 204 at once, the work goes on."""
    return run(
        client(0, Kind.REQUEST_SENT),
        edge(0, Kind.TIMER_ARMED, hop=0, timer="proxy-read", limit_us=seconds(100)),
        origin(0, Kind.ARRIVED),
        origin(0.001, Kind.PERSISTED),
        origin(0.002, Kind.HEADER_SENT, status=204),
        edge(0.003, Kind.TIMER_STOPPED, hop=0, timer="proxy-read", left_us=99_997_000),
        edge(0.003, Kind.HEADER_COMPLETED, hop=0),
        client(0.003, Kind.HEADER_COMPLETED, status=204),
        origin(0.002, Kind.STARTED),
        model(0.002, Kind.MODEL_CALLED),
        origin(130.002, Kind.FINISHED),
        exchanges=(exchange(),),
        held=ledger(),
        scenario="act-3",
        title="The proposed fix",
    )


def lost() -> Run:
    """Act 6: told 204, killed before the write."""
    return run(
        client(0, Kind.REQUEST_SENT),
        origin(0, Kind.ARRIVED),
        origin(0.002, Kind.HEADER_SENT, status=204),
        client(0.003, Kind.HEADER_COMPLETED, status=204),
        origin(1, Kind.KILLED, request=0),
        origin(1.5, Kind.RESTARTED, request=0),
        exchanges=(exchange(),),
        held=ledger(effects=0, stage="arrived", calls=0),
        scenario="act-6b",
        title="204 before the message is durable",
    )


def stream_cut() -> Run:
    """A stream with a byte every 4 s behind a total limit of 15 s."""
    one = exchange(status=200, header=0.01, end=15, kind=End.TRUNCATED)
    return run(
        client(0, Kind.REQUEST_SENT),
        edge(0, Kind.TIMER_ARMED, hop=0, timer="route", limit_us=seconds(15)),
        origin(0, Kind.ARRIVED),
        origin(0, Kind.PERSISTED),
        origin(0, Kind.STARTED),
        edge(0.01, Kind.HEADER_COMPLETED, hop=0),
        client(0.01, Kind.HEADER_COMPLETED, status=200),
        *(client(at, Kind.BODY, bytes=1) for at in (4, 8, 12)),
        *(edge(at, Kind.BODY, hop=0, bytes=1) for at in (4, 8, 12)),
        edge(15, Kind.TIMER_FIRED, hop=0, timer="route", limit_us=seconds(15)),
        edge(15, Kind.CUT, hop=0, ending="truncate", cause="timer"),
        client(15, Kind.ENDED, end="truncated"),
        origin(20, Kind.FINISHED),
        exchanges=(one,),
        held=ledger(),
        scenario="total",
        title="A total limit",
    )


def not_started() -> Run:
    """A set-up error."""
    problem = (
        "origin reference: exited with 1 before it listened; its last words: [red]no such table[/red]\x1b[2J"
    )
    return run(
        exchanges=(),
        held=Ledger(complete=False),
        scenario="broken",
        outcome=Outcome.SETUP_ERROR,
        problem=problem,
    )


def failed() -> Run:
    """A run that showed something else than expected."""
    return run(
        *attempt(1, 0),
        exchanges=(exchange(status=524, header=100, end=100),),
        held=ledger(),
        scenario="act-3",
        title="The proposed fix",
        outcome=Outcome.FAIL,
        expected="204, delivered, 1 effect",
        mismatches=("verdict: expected delivered, saw phantom-failure", "status: expected 204, saw 524"),
        findings=("header-withheld", "answered-by-edge", "work-continued-after-cut"),
    )


ALL = (withheld, sent_again, fixed, lost, stream_cut, not_started, failed)
