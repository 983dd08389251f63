"""The JSON document: plain types, seconds, every run, also one that could not be judged."""

import json
from typing import Any

import msgspec

from firstbyte.harness.model.judge import judge
from firstbyte.harness.model.ledger import Ledger, Message
from firstbyte.harness.model.result import Fired, Outcome, Run, document, exchange_record, run_record
from firstbyte.harness.model.timeline import Actor, Event, Kind, Timeline
from firstbyte.harness.model.units import seconds
from firstbyte.harness.model.verdict import BeliefRule, ClientExchange, End

SENT = ClientExchange(
    id=1,
    method="POST",
    path="/session/s/prompt_async",
    intent="hello",
    sent_at=seconds(10),
    first_byte_at=seconds(109),
    header_at=seconds(109.5),
    end_at=seconds(110),
    status=524,
    end=End.COMPLETE,
)
LEDGER = Ledger(
    messages=(Message(id="m", intent="hello"),), model_calls={"hello": 2}, stages={"hello": "finished"}
)
RUN = Run(
    scenario="act-1",
    title="The symptom",
    claim="A client must be told the truth.",
    edge="cloudflare-100",
    target="reference",
    handler="stream-withheld",
    server_handler="stream-withheld",
    mode="sim",
    time_scale=1,
    seed=7,
    belief_rule=BeliefRule.STATUS,
    outcome=Outcome.PASS,
    judgement=judge([SENT], LEDGER, BeliefRule.STATUS),
    exchanges=(SENT,),
    fired=(Fired(request=1, hop=0, timer="proxy-read", at_s=110.0),),
    ledger=LEDGER,
    findings=("header-withheld",),
    timeline=Timeline(
        events=(
            Event(at=seconds(1), actor=Actor.ORIGIN, kind=Kind.HINDERED, data={"what": "disk"}),
            Event(at=seconds(110), actor=Actor.CLIENT, kind=Kind.ENDED, request=1, data={"end": "complete"}),
        )
    ),
    digest="0123",
)
FAILED = msgspec.structs.replace(
    RUN,
    outcome=Outcome.SETUP_ERROR,
    judgement=None,
    exchanges=(),
    ledger=Ledger(complete=False),
    problem="the origin did not start",
)


def test_the_document_is_plain_json() -> None:
    made = document((RUN, FAILED), "0.1.0")
    read = json.loads(json.dumps(made, allow_nan=False))
    assert (read["schema"], read["firstbyte"], len(read["runs"])) == (1, "0.1.0", 2)
    assert read["runs"][0]["ledger"]["messages"] == [{"id": "m", "intent": "hello"}]


def test_a_run_is_told_with_its_verdict() -> None:
    record = run_record(RUN)
    assert {key: record[key] for key in ("outcome", "verdict", "belief", "effects", "model_calls")} == {
        "outcome": "pass",
        "verdict": "phantom-failure",
        "belief": "failed",
        "effects": 1,
        "model_calls": 2,
    }
    assert record["client"] == record["requests"][0]
    assert list(record["fired"]) == [{"request": 1, "hop": 0, "timer": "proxy-read", "at_s": 110.0}]
    assert record["ledger"]["stages"] == {"hello": "finished"}


def test_an_event_has_its_request_and_data_where_there_are_any() -> None:
    assert run_record(RUN)["timeline"] == [
        {"at_s": 1.0, "actor": "origin", "event": "hindered", "what": "disk"},
        {"at_s": 110.0, "actor": "client", "event": "ended", "request": 1, "end": "complete"},
    ]


def test_a_run_that_could_not_be_judged_is_a_result_without_a_verdict() -> None:
    record = run_record(FAILED)
    for key in ("verdict", "belief", "effects", "model_calls", "client"):
        assert record[key] is None
    assert (record["outcome"], record["problem"]) == ("setup-error", "the origin did not start")
    assert record["ledger"]["complete"] is False


def test_times_of_a_request_count_from_sending_it() -> None:
    record = exchange_record(SENT, BeliefRule.STATUS)
    assert (record["first_byte_s"], record["header_s"], record["end_s"]) == (99.0, 99.5, 100.0)


def test_what_never_came_is_null() -> None:
    silent = msgspec.structs.replace(SENT, first_byte_at=None, header_at=None, end_at=None, status=None)
    record: dict[str, Any] = exchange_record(silent, BeliefRule.CAREFUL)
    assert (record["first_byte_s"], record["header_s"], record["end_s"]) == (None, None, None)
    assert (record["status"], record["belief"]) == (None, "unknown")


def test_a_run_is_named_by_scenario_and_edge() -> None:
    assert RUN.name == "act-1[cloudflare-100]"
