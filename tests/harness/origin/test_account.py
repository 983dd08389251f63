"""An origin's account becomes a ledger and a part of the timeline. The set-up is in neither."""

import json

import msgspec
import pytest

from firstbyte.harness.model.ledger import Ledger, Message
from firstbyte.harness.model.timeline import Actor, Event, Kind
from firstbyte.harness.origin.account import UNFINISHED, Account, Entry, events_of, ledger_of, read_account


def entry(event: str, request: int | str | None = 1, at: int = 5, **rest: object) -> Entry:
    return msgspec.convert({"event": event, "request": request, "at_us": at, **rest}, Entry)


def account(*entries: Entry) -> Account:
    return Account(events=entries)


def test_a_document_is_read_with_what_it_leaves_out() -> None:
    read = read_account(json.dumps({"events": [{"at_us": 1, "event": "arrived"}], "busy": 2}).encode())
    assert (read.events, read.busy, read.messages) == ((Entry(at_us=1, event="arrived"),), 2, ())


@pytest.mark.parametrize("body", [b"", b"[]", b'{"events": [{}]}', b'{"busy": "no"}'], ids=str)
def test_what_is_no_account_is_refused(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        read_account(body)


def test_only_durable_user_messages_count() -> None:
    body = {
        "messages": [
            {"id": "1", "role": "user", "intent": "hello"},
            {"id": "2", "role": "assistant", "intent": "hello"},
            {"id": "3", "role": "user"},
        ],
        "model_calls": {"hello": 2},
    }
    assert ledger_of(read_account(json.dumps(body).encode())) == Ledger(
        messages=(Message(id="1", intent="hello"), Message(id="3", intent="")), model_calls={"hello": 2}
    )


def test_the_stage_of_an_intent_is_the_last_it_reached() -> None:
    made = ledger_of(
        account(
            entry("arrived", intent="a"),
            entry("finished", intent="a"),
            entry("client-gone", intent="a"),
            entry("persisted", intent="b"),
            entry("failed", intent=None),
        )
    )
    assert made.stages == {"a": "finished", "b": "persisted"}


MEANT = [
    ("a complete answer", [entry("response-completed", detail={"body_bytes": 9})], {1: 9}),
    ("a complete answer of unknown size", [entry("response-completed")], {}),
    ("broken off", [entry("broken-off")], {1: UNFINISHED}),
    ("the client went", [entry("client-gone")], {1: UNFINISHED}),
    (
        "the client went, the answer ended all the same",
        [entry("client-gone"), entry("response-completed", detail={"body_bytes": 9})],
        {1: 9},
    ),
    (
        "the client went after the end",
        [entry("response-completed", detail={"body_bytes": 9}), entry("client-gone")],
        {1: 9},
    ),
    ("set-up, which has no number", [entry("response-completed", None, detail={"body_bytes": 9})], {}),
]


@pytest.mark.parametrize(("name", "entries", "meant"), MEANT, ids=[name for name, _, _ in MEANT])
def test_the_bytes_an_answer_was_meant_to_have(
    name: str, entries: list[Entry], meant: dict[int, int]
) -> None:
    assert ledger_of(account(*entries)).body_bytes == meant, name


def test_rows_become_events_on_the_runs_axis() -> None:
    rows = account(
        entry("arrived", "1", 1_005, detail={"handler": "no-content", "extra": [1]}),
        entry("persisted", 1, 1_006, message="m", intent="hello"),
        entry("model-called", 1, 1_007),
    )
    assert events_of(rows, lambda at: at - 1_000) == (
        Event(at=5, actor=Actor.ORIGIN, kind=Kind.ARRIVED, request=1, data={"handler": "no-content"}),
        Event(
            at=6,
            actor=Actor.ORIGIN,
            kind=Kind.PERSISTED,
            request=1,
            data={"message": "m", "intent": "hello"},
        ),
        Event(at=7, actor=Actor.MODEL, kind=Kind.MODEL_CALLED, request=1),
    )


LEFT_OUT = [entry("arrived", None), entry("arrived", ""), entry("arrived", "x1"), entry("effect", 1)]


@pytest.mark.parametrize("row", LEFT_OUT, ids=["no request", "empty", "no number", "no event we know"])
def test_set_up_and_unknown_rows_are_no_part_of_the_timeline(row: Entry) -> None:
    assert events_of(account(row), int) == ()
