"""From what was observed to a Run: the outcome, what differed, which timers fired, and a fingerprint."""

import msgspec
import pytest

from firstbyte.harness.model.ledger import Ledger, Message
from firstbyte.harness.model.result import Fired, Outcome
from firstbyte.harness.model.scenario import Expect, Operation, Send, ShapeOrigin
from firstbyte.harness.model.timeline import Actor, Event, Kind, Timeline
from firstbyte.harness.model.units import seconds
from firstbyte.harness.model.verdict import ClientExchange, End, Verdict
from firstbyte.harness.runner.conclude import Observed, conclude, digest, failed_run
from firstbyte.harness.runner.plan import Mode, Options, Plan, make_plan
from firstbyte.harness.runner.selection import select
from firstbyte.harness.targets.reference import ReferenceServer

SENT = ClientExchange(
    id=1,
    method="POST",
    path="/",
    intent="hello",
    end_at=seconds(100),
    status=524,
    end=End.COMPLETE,
)
TOLD = (
    Event(at=0, actor=Actor.CLIENT, kind=Kind.REQUEST_SENT, request=1),
    Event(at=0, actor=Actor.ORIGIN, kind=Kind.ARRIVED, request=1, data={"handler": "stream-withheld"}),
    Event(
        at=seconds(100),
        actor=Actor.EDGE,
        kind=Kind.TIMER_FIRED,
        request=1,
        data={"timer": "proxy-read", "hop": 1},
    ),
    Event(at=seconds(100), actor=Actor.CLIENT, kind=Kind.ENDED, request=1, data={"end": "complete"}),
)
OBSERVED = Observed(
    exchanges=(SENT,),
    ledger=Ledger(messages=(Message(id="m", intent="hello"),)),
    timeline=Timeline(events=TOLD),
)
RIGHT = Expect(verdict=Verdict.PHANTOM_FAILURE, status=524, at=seconds(100), fired=("proxy-read",))


class Server(ReferenceServer):
    """A target of which each result says what version it is."""

    def __init__(self, version: str) -> None:
        self._version = version

    def versions(self) -> dict[str, str]:
        return {"server": self._version}


def plan(expect: Expect | None = RIGHT, options: Options | None = None, version: str = "1") -> Plan:
    made = make_plan(select(["act-1"])[0], "cloudflare-100", options or Options())
    return msgspec.structs.replace(made, expect=expect, target=Server(version))


def test_what_was_expected_is_a_pass() -> None:
    run = conclude(plan(), OBSERVED, ("interim.on_102",))
    assert (run.outcome, run.mismatches, run.problem) == (Outcome.PASS, (), "")
    assert run.judgement is not None
    assert run.judgement.verdict is Verdict.PHANTOM_FAILURE
    assert run.fired == (Fired(request=1, hop=1, timer="proxy-read", at_s=100.0),)
    assert (run.handler, run.server_handler) == ("stream-withheld", "stream-withheld")
    assert run.expected == "524 at 100s, phantom-failure"
    assert (run.unknowns, run.versions) == (("interim.on_102",), {"server": "1"})


OUTCOMES = [
    (RIGHT, Outcome.PASS, (), ""),
    (
        msgspec.structs.replace(RIGHT, status=504),
        Outcome.FAIL,
        ("status: expected 504, saw 524",),
        "",
    ),
    (
        msgspec.structs.replace(RIGHT, fired=("connect",), status=504),
        Outcome.SETUP_ERROR,
        (),
        "timer 'connect' never fired on request 1 (proxy-read did)",
    ),
    (None, Outcome.FAIL, ("verdict: phantom-failure",), ""),
]


@pytest.mark.parametrize(
    ("expect", "outcome", "mismatches", "problem"),
    OUTCOMES,
    ids=["as expected", "another status", "another timer", "nothing stated"],
)
def test_the_outcome_follows_from_the_expectation(
    expect: Expect | None, outcome: Outcome, mismatches: tuple[str, ...], problem: str
) -> None:
    run = conclude(plan(expect), OBSERVED)
    assert (run.outcome, run.mismatches, run.problem) == (outcome, mismatches, problem)


def test_with_nothing_stated_the_truth_is_a_pass() -> None:
    told = msgspec.structs.replace(SENT, status=204)
    run = conclude(plan(None), msgspec.structs.replace(OBSERVED, exchanges=(told,)))
    assert (run.outcome, run.mismatches, run.expected) == (Outcome.PASS, (), "delivered or refused")


def test_real_mode_tolerates_what_sim_does_not() -> None:
    late = msgspec.structs.replace(SENT, end_at=seconds(101))
    seen = msgspec.structs.replace(OBSERVED, exchanges=(late,))
    assert conclude(plan(), seen).outcome is Outcome.FAIL
    assert conclude(plan(options=Options(mode="real", time_scale=50)), seen).outcome is Outcome.PASS


def test_a_run_that_could_not_be_judged_keeps_its_scenario_and_says_why() -> None:
    run = failed_run(plan(), Outcome.SETUP_ERROR, "the origin did not start", ("cut.http1",))
    assert (run.name, run.outcome, run.problem) == (
        "act-1[cloudflare-100]",
        Outcome.SETUP_ERROR,
        "the origin did not start",
    )
    assert (run.judgement, run.exchanges, run.digest, run.ledger.complete) == (None, (), "", False)
    assert run.unknowns == ("cut.http1",)


def test_a_scripted_origin_is_named_by_its_shape() -> None:
    scenario = msgspec.structs.replace(
        select(["act-1"])[0], origin=ShapeOrigin(shape="silent"), step=(Send(operation=Operation.REQUEST),)
    )
    made = make_plan(scenario, "nginx", Options())
    assert failed_run(made, Outcome.SETUP_ERROR, "").server_handler == "shape:silent"


def later(events: tuple[Event, ...]) -> tuple[Event, ...]:
    return tuple(msgspec.structs.replace(event, at=event.at + 1) for event in events)


def events(*changed: Event) -> Observed:
    return msgspec.structs.replace(OBSERVED, timeline=Timeline(events=changed))


def exchanges(**changes: object) -> Observed:
    return msgspec.structs.replace(OBSERVED, exchanges=(msgspec.structs.replace(SENT, **changes),))


DIGESTS = [
    ("nothing", OBSERVED, False, False),
    ("a microsecond", events(*later(TOLD)), True, False),
    ("the order of one actor's events", events(TOLD[3], TOLD[1], TOLD[2], TOLD[0]), True, True),
    ("the order of two actors' events", events(TOLD[1], TOLD[0], TOLD[2], TOLD[3]), True, False),
    ("an event that is missing", events(*TOLD[:3]), True, True),
    ("a status", exchanges(status=504), True, True),
    ("an end", exchanges(end=End.RESET), True, True),
    ("a time of the client", exchanges(end_at=1), True, False),
    ("the ledger", msgspec.structs.replace(OBSERVED, ledger=Ledger()), True, False),
]


@pytest.mark.parametrize(
    ("name", "other", "in_sim", "in_real"), DIGESTS, ids=[name for name, _, _, _ in DIGESTS]
)
def test_a_fingerprint_tells_apart_what_its_mode_repeats(
    name: str, other: Observed, in_sim: bool, in_real: bool
) -> None:
    for exact, differs in ((True, in_sim), (False, in_real)):
        assert (digest(other, exact=exact) != digest(OBSERVED, exact=exact)) is differs, name


@pytest.mark.parametrize("mode", ["sim", "real"])
def test_a_fingerprint_does_not_tell_versions_apart(mode: Mode) -> None:
    one, two = (conclude(plan(options=Options(mode=mode), version=version), OBSERVED) for version in "12")
    assert (one.versions, two.versions) == ({"server": "1"}, {"server": "2"})
    assert one.digest == two.digest


def test_a_fingerprint_is_sixteen_hexadecimal_digits() -> None:
    made = digest(OBSERVED, exact=True)
    assert len(made) == 16
    assert int(made, 16) >= 0
    assert conclude(plan(), OBSERVED).digest == made
