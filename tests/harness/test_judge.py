"""Belief joined with the ledger: every verdict from the smallest input that gives it."""

import msgspec
import pytest

from firstbyte.harness.model.judge import belief_of, judge
from firstbyte.harness.model.ledger import Ledger, Message
from firstbyte.harness.model.verdict import Belief, BeliefRule, ClientExchange, End, Verdict

SENT = ClientExchange(id=1, method="POST", path="/", intent="hello", status=204, end=End.COMPLETE, end_at=5)
TIMED_OUT = msgspec.structs.replace(SENT, status=524)
CUT = msgspec.structs.replace(SENT, status=200, end=End.TRUNCATED, body_bytes=3)
RESET = msgspec.structs.replace(SENT, status=None, end=End.RESET)
BAD_REQUEST = msgspec.structs.replace(SENT, status=400)
REFUSED = msgspec.structs.replace(RESET, connected=False, request_left=False)
SHORT = msgspec.structs.replace(SENT, status=200, body_bytes=3)


def ledger(effects: int, **more: object) -> Ledger:
    messages = tuple(Message(id=str(number), intent="hello") for number in range(effects))
    return msgspec.structs.replace(Ledger(messages=messages), **more)


VERDICTS = [
    ("told ok, there once", SENT, ledger(1), Verdict.DELIVERED),
    ("told ok, not there", SENT, ledger(0), Verdict.PHANTOM_SUCCESS),
    ("told ok, there twice", SENT, ledger(2), Verdict.DUPLICATE),
    ("told failed, there twice", TIMED_OUT, ledger(2), Verdict.DUPLICATE),
    ("told failed, there", TIMED_OUT, ledger(1), Verdict.PHANTOM_FAILURE),
    ("told failed, not there", TIMED_OUT, ledger(0), Verdict.REFUSED),
    ("a 400, not there", BAD_REQUEST, ledger(0), Verdict.REFUSED),
    ("a 400, there", BAD_REQUEST, ledger(1), Verdict.PHANTOM_FAILURE),
    ("connection lost, there", RESET, ledger(1), Verdict.PHANTOM_FAILURE),
    ("never connected", REFUSED, ledger(0), Verdict.REFUSED),
    ("a 200 cut in its body", CUT, ledger(1), Verdict.TRUNCATED),
    ("a 200 cut, nothing kept", CUT, ledger(0), Verdict.TRUNCATED),
    ("a 200 that looks whole and is short", SHORT, ledger(1, body_bytes={1: 9}), Verdict.TRUNCATED),
    ("a 200 the origin could not end", SHORT, ledger(1, body_bytes={1: -1}), Verdict.TRUNCATED),
    ("a 200 as long as meant", SHORT, ledger(1, body_bytes={1: 3}), Verdict.DELIVERED),
]


@pytest.mark.parametrize(
    ("name", "exchange", "truth", "verdict"), VERDICTS, ids=lambda value: str(value)[:40]
)
def test_each_verdict_follows_from_belief_and_ledger(
    name: str, exchange: ClientExchange, truth: Ledger, verdict: Verdict
) -> None:
    assert judge([exchange], truth, BeliefRule.STATUS).verdict is verdict, name


AMBIGUOUS = [TIMED_OUT, CUT, RESET]


@pytest.mark.parametrize("exchange", AMBIGUOUS, ids=["gateway error", "cut", "reset"])
def test_a_careful_client_does_not_know_after_an_ambiguous_failure(exchange: ClientExchange) -> None:
    assert belief_of(exchange, BeliefRule.CAREFUL) is Belief.UNKNOWN


@pytest.mark.parametrize("exchange", [BAD_REQUEST, REFUSED], ids=["400", "never connected"])
def test_a_careful_client_believes_a_plain_refusal(exchange: ClientExchange) -> None:
    assert belief_of(exchange, BeliefRule.CAREFUL) is Belief.FAILED


def test_an_unknown_that_nobody_settles_is_unresolved() -> None:
    assert judge([TIMED_OUT], ledger(1), BeliefRule.CAREFUL).verdict is Verdict.UNRESOLVED


@pytest.mark.parametrize(
    ("settled", "effects", "verdict"),
    [
        (Belief.OK, 1, Verdict.DELIVERED),
        (Belief.FAILED, 0, Verdict.REFUSED),
        (Belief.FAILED, 1, Verdict.PHANTOM_FAILURE),
        (Belief.OK, 0, Verdict.PHANTOM_SUCCESS),
    ],
)
def test_a_later_read_settles_what_was_unknown(settled: Belief, effects: int, verdict: Verdict) -> None:
    asked = msgspec.structs.replace(TIMED_OUT, settled=settled)
    assert judge([asked], ledger(effects), BeliefRule.CAREFUL).verdict is verdict


def test_the_last_request_of_the_intent_is_judged() -> None:
    again = msgspec.structs.replace(SENT, id=2)
    judged = judge([TIMED_OUT, again], ledger(1), BeliefRule.STATUS)
    assert (judged.exchange.id, judged.verdict) == (2, Verdict.DELIVERED)


def test_another_intents_messages_do_not_count() -> None:
    other = Ledger(messages=(Message(id="1", intent="something else"),))
    assert judge([TIMED_OUT], other, BeliefRule.STATUS).verdict is Verdict.REFUSED
