"""Bytes, documents and event order are those recorded from OpenCode 1.2.20 and 1.18.33."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from firstbyte.reference_server.config import Api, ServerConfig
from tests.reference_server.conftest import Connection, Serve, Server, prompt

DATA = Path(__file__).parent / "data"
WIRE = json.loads((DATA / "wire.json").read_text())
ORDER = json.loads((DATA / "event_order.json").read_text())
MESSAGES = json.loads((DATA / "messages.json").read_text())
APIS = pytest.mark.parametrize("api", list(Api), ids=lambda api: api.value)
PARTS_MISSING = {"agent": "build", "model": {"providerID": "fake", "modelID": "m"}}


def normalised(head: bytes) -> str:
    text = re.sub(r"Date: [^\r]+ GMT", "Date: *", head.decode())
    return re.sub(r"Content-Length: \d{4}", "Content-Length: *", text)


async def head_of(server: Server, kind: str) -> bytes:
    session = await server.session()
    connection = await server.connect()
    match kind:
        case "event":
            connection.get("/event")
        case "command":
            connection.post(f"/session/{session}/command", {"command": "init", "arguments": ""})
        case "unknown-session":
            connection.post("/session/ses_doesnotexist00000000000000/prompt_async", prompt("x"))
        case "no-parts":
            connection.post(f"/session/{session}/prompt_async", PARTS_MISSING)
        case _:
            connection.post(f"/session/{session}/{kind}", prompt("x"))
    return await connection.until(b"\r\n\r\n")


@APIS
@pytest.mark.parametrize("kind", WIRE["1.2"])
async def test_a_response_header_is_the_recorded_one(serve: Serve, api: Api, kind: str) -> None:
    server = await serve(ServerConfig(api=api))
    assert normalised(await head_of(server, kind)) == WIRE[api.value][kind]


def label(payload: dict[str, Any]) -> str:
    properties = payload["properties"]
    detail = {
        "message.updated": lambda: properties["info"]["role"],
        "message.part.updated": lambda: properties["part"]["type"],
        "session.status": lambda: properties["status"]["type"],
    }.get(payload["type"])
    return f"{payload['type']} {detail()}" if detail else str(payload["type"])


async def payloads(stream: Connection, last: str, *, is_global: bool = False) -> list[dict[str, Any]]:
    """Every payload up to the idle status and then the first that is `last`."""
    found: list[dict[str, Any]] = []
    is_idle = False
    while not (is_idle and label(found[-1]) == last):
        frame = (await stream.until(b"\n\n\r\n")).partition(b"data: ")[2]
        document = json.loads(frame.strip())
        payload = document["payload"] if is_global else document
        if payload["type"] == "sync":
            continue
        found.append(payload)
        is_idle = is_idle or payload["type"] == "session.idle"
    return found


@APIS
@pytest.mark.parametrize("path", ["/event", "/global/event"])
async def test_events_come_in_the_recorded_order(serve: Serve, api: Api, path: str) -> None:
    server = await serve(ServerConfig(api=api))
    stream = await server.connect()
    stream.get(path)
    await stream.until(b"\r\n\r\n")
    await server.post(f"/session/{await server.session()}/prompt_async", prompt("hello there"))
    found = await payloads(stream, ORDER[api.value][-1], is_global=path == "/global/event")
    assert [label(payload) for payload in found] == ORDER[api.value]


async def test_1_18_gives_every_event_an_id_and_every_stored_one_a_twin(serve: Serve) -> None:
    server = await serve(ServerConfig(api=Api.V1_18))
    stream = await server.connect()
    stream.get("/global/event")
    await stream.until(b"\r\n\r\n")
    session = await server.session()
    connected, created, twin = [
        json.loads((await stream.until(b"\n\n\r\n")).partition(b"data: ")[2].strip()) for _ in range(3)
    ]
    assert set(connected) == {"payload"}
    assert (created["directory"], created["project"]) == ("/home/user/project", "global")
    assert created["payload"]["id"].startswith("evt_")
    assert created["payload"]["properties"]["sessionID"] == session
    assert twin["payload"] == {
        "type": "sync",
        "syncEvent": {
            "id": created["payload"]["id"],
            "type": "session.created.1",
            "seq": 0,
            "aggregateID": session,
            "data": created["payload"]["properties"],
        },
        "id": created["payload"]["id"],
    }


@APIS
async def test_messages_read_back_have_the_recorded_keys(serve: Serve, api: Api) -> None:
    server = await serve(ServerConfig(api=api))
    session = await server.session()
    await server.post(f"/session/{session}/message", prompt("hello there"))
    messages = (await server.get(f"/session/{session}/message")).json
    assert [message["info"]["role"] for message in messages] == ["user", "assistant"]
    for message in messages:
        expected = MESSAGES[message["info"]["role"]]
        assert sorted(message["info"]) == expected["info"]
        assert [sorted(part) for part in message["parts"]] == expected["parts"]


@APIS
async def test_error_documents_are_the_recorded_ones(serve: Serve, api: Api) -> None:
    server = await serve(ServerConfig(api=api))
    session = await server.session()
    refused = await server.post(f"/session/{session}/prompt_async", PARTS_MISSING)
    invalid = "Invalid input: expected array, received undefined"
    error = {"expected": "array", "code": "invalid_type", "path": ["parts"], "message": invalid}
    named = {"message": 'Missing key\n  at ["parts"]', "kind": "Payload"}
    assert (
        refused.json
        == {
            Api.V1_2: {"data": PARTS_MISSING, "error": [error], "success": False},
            Api.V1_18: {"name": "BadRequest", "data": named},
        }[api]
    )
    missing = await server.get("/session/ses_nope")
    assert missing.json == {"name": "NotFoundError", "data": {"message": "Session not found: ses_nope"}}


async def test_1_2_says_204_for_a_session_that_does_not_exist_and_loses_the_prompt(serve: Serve) -> None:
    server = await serve(ServerConfig())
    assert (await server.post("/session/ses_nope/prompt_async", prompt("x"))).status == 204
    assert server.facts("x") == ["admitted", "failed", "header-sent", "response-completed"]
    assert server.ledger()["effects"] == {}
