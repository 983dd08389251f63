"""A send of a scenario becomes the request that a client of the session API makes for it."""

import json

import pytest

from firstbyte.harness.client.operations import IdMint, Ids, build
from firstbyte.harness.client.raw import Request
from firstbyte.harness.model.scenario import Operation, Send
from firstbyte.harness.model.units import Duration, seconds

IDS = Ids(message="msg_1", part="prt_1")


def request(send: Send, ids: Ids | None = IDS) -> Request:
    return build(send, number=3, session="ses_1", ids=ids)


OPERATIONS = [
    (
        Operation.PROMPT_ASYNC,
        "/session/ses_1/prompt_async",
        {
            "agent": "build",
            "model": {"providerID": "fake", "modelID": "m"},
            "messageID": "msg_1",
            "parts": [{"type": "text", "text": "hi", "id": "prt_1"}],
        },
    ),
    (
        Operation.MESSAGE,
        "/session/ses_1/message",
        {
            "agent": "build",
            "model": {"providerID": "fake", "modelID": "m"},
            "messageID": "msg_1",
            "parts": [{"type": "text", "text": "hi", "id": "prt_1"}],
        },
    ),
    (
        Operation.COMMAND,
        "/session/ses_1/command",
        {"command": "init", "arguments": "hi", "agent": "build", "model": "fake/m"},
    ),
    (Operation.SHELL, "/session/ses_1/shell", {"agent": "build", "command": "hi"}),
]


@pytest.mark.parametrize(("operation", "path", "body"), OPERATIONS, ids=[str(row[0]) for row in OPERATIONS])
def test_each_operation_has_its_path_and_body(operation: Operation, path: str, body: object) -> None:
    made = request(Send(operation=operation, text="hi", method="PUT", path="/elsewhere"))
    assert (made.id, made.method, made.path, made.intent) == (3, "POST", path, "hi")
    assert json.loads(made.body) == body
    assert ("Content-Type", "application/json") in made.headers


def test_a_bare_request_is_what_the_scenario_says() -> None:
    send = Send(
        operation=Operation.REQUEST, method="PUT", path="/x", headers=(("A", "b"),), body_size=5, text="hi"
    )
    made = request(send)
    assert (made.method, made.path, made.headers, made.body) == ("PUT", "/x", (("A", "b"),), b"xxxxx")
    assert request(Send(operation=Operation.REQUEST)).body == b""


def test_without_ids_none_are_sent() -> None:
    body = json.loads(request(Send(text="hi"), ids=None).body)
    assert "messageID" not in body
    assert body["parts"] == [{"type": "text", "text": "hi"}]


def test_a_message_id_can_go_without_a_part_id() -> None:
    body = json.loads(request(Send(text="hi"), ids=Ids(message="msg_1", part="")).body)
    assert (body["messageID"], body["parts"]) == ("msg_1", [{"type": "text", "text": "hi"}])


def test_a_handler_is_asked_for_by_header() -> None:
    assert ("X-Firstbyte-Handler", "idempotent") in request(Send(handler="idempotent")).headers
    assert "X-Firstbyte-Handler" not in dict(request(Send()).headers)


def test_a_prompt_of_any_size_is_still_the_same_json() -> None:
    small, large = request(Send(text="hi")), request(Send(text="hi", body_size=5000))
    assert len(large.body) == 5000
    assert json.loads(large.body) == json.loads(small.body)
    assert request(Send(text="hi", body_size=3)).body == small.body


LEAVING: list[tuple[Duration | None, Duration | None, Duration | None]] = [
    (None, None, None),
    (seconds(5), None, seconds(5)),
    (None, seconds(7), seconds(7)),
    (seconds(5), seconds(7), seconds(5)),
    (seconds(9), seconds(7), seconds(7)),
]


@pytest.mark.parametrize(("leave_after", "patience", "leaves"), LEAVING)
def test_the_client_leaves_at_the_shorter_of_plan_and_patience(
    leave_after: Duration | None, patience: Duration | None, leaves: Duration | None
) -> None:
    assert request(Send(leave_after=leave_after, patience=patience)).leave_after == leaves


def test_ids_have_the_form_of_the_real_ones_and_never_repeat() -> None:
    mint = IdMint(lambda: 1_772_000_000_000, lambda length: "a" * length)
    made = [mint.new() for _ in range(100)]
    first = made[0]
    assert first.message == f"msg_{1_772_000_000_000 * 4096 + 1 & 0xFFFF_FFFF_FFFF:012x}aaaaaaaaaaaaaa"
    assert first.part.startswith("prt_")
    assert len({one.message for one in made} | {one.part for one in made}) == 200
    assert [one.message for one in made] == sorted(one.message for one in made)
    assert repr(mint) == "<IdMint 200 made>"
