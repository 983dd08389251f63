"""Each handler sends its bytes, and what they promise is true when they are sent."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from firstbyte.reference_server.config import Api, OnClientGone, Seconds, ServerConfig
from firstbyte.reference_server.handlers import handler_ids, handler_summaries
from tests.reference_server.conftest import MODEL, Serve, prompt

CASES: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "data" / "handlers.json").read_text())
CONFIG = ServerConfig(model=MODEL, heartbeat=Seconds(0.1), persist_delay=Seconds(0.2))


def test_the_handlers_of_the_issue_are_there() -> None:
    assert handler_ids() == sorted(CASES)


def test_every_handler_says_what_it_does() -> None:
    assert all(summary.endswith((".", ":")) or len(summary) > 20 for summary in handler_summaries().values())


@pytest.mark.parametrize("handler", CASES)
async def test_a_complete_header_promises_no_more_than_is_true(serve: Serve, handler: str) -> None:
    server = await serve(CONFIG)
    session = await server.session()
    connection = await server.connect()
    connection.post(f"/session/{session}/prompt_async", prompt("x"), {"X-Firstbyte-Handler": handler})
    head = await connection.until(b"\r\n\r\n")
    while head.startswith(b"HTTP/1.1 102"):
        head = await connection.until(b"\r\n\r\n")
    # A 204's ledger row is written right after its bytes; what precedes that row was true when they left.
    facts = server.facts("x")
    facts = facts[: facts.index("header-sent") + 1]
    assert int(head.split(b" ")[1]) == CASES[handler]["status"]
    assert set(CASES[handler]["has"]) <= set(facts)
    assert not set(CASES[handler]["lacks"]) & set(facts)


@pytest.mark.parametrize("handler", CASES)
async def test_every_handler_leaves_one_effect_one_model_call_and_a_usable_connection(
    serve: Serve, handler: str
) -> None:
    server = await serve(CONFIG)
    session = await server.session()
    connection = await server.connect()
    connection.post(f"/session/{session}/prompt_async", prompt("x"), {"X-Firstbyte-Handler": handler})
    await connection.reply()
    await server.fact("x", "finished")
    await server.idle()
    connection.get("/global/health")
    assert (await connection.reply()).json == {"healthy": True, "version": "1.2.20"}
    ledger = server.ledger()
    assert (ledger["effects"], ledger["model_calls"], ledger["busy"]) == ({"x": 1}, {"x": 1}, 0)


async def test_a_partial_header_is_two_lines_until_the_model_is_done(serve: Serve) -> None:
    server = await serve(CONFIG)
    connection = await server.connect()
    path = f"/session/{await server.session()}/prompt_async"
    connection.post(path, prompt("x"), {"X-Firstbyte-Handler": "stream-partial-header"})
    first = await connection.until(b"Origin\r\n")
    assert first == b"HTTP/1.1 204 No Content\r\nContent-Type: application/json\r\nVary: Origin\r\n"
    assert connection.seen == b""
    assert "finished" not in server.facts("x")
    rest = await connection.until(b"\r\n\r\n")
    assert re.fullmatch(rb"Date: [^\r]+ GMT\r\nContent-Length: 0\r\n\r\n", rest)


async def test_message_sends_a_partial_header_in_1_2_and_silence_in_1_18(serve: Serve) -> None:
    for api, is_partial in ((Api.V1_2, True), (Api.V1_18, False)):
        server = await serve(ServerConfig(model=MODEL, api=api))
        connection = await server.connect()
        connection.post(f"/session/{await server.session()}/message", prompt("x"))
        await connection.until(b"Vary: Origin\r\n")
        assert ("finished" not in server.facts("x")) is is_partial


@pytest.mark.parametrize("path", ["command", "shell"])
async def test_command_and_shell_await_the_result_whatever_the_handler_is(serve: Serve, path: str) -> None:
    server = await serve(ServerConfig(model=MODEL, handler="no-content"))
    body = {"command": "init" if path == "command" else "ls", "arguments": "foo"}
    headers = {"X-Firstbyte-Handler": "no-content", "X-Firstbyte-Intent": "x"}
    connection = await server.connect()
    connection.post(f"/session/{await server.session()}/{path}", body, headers)
    reply = await connection.reply()
    facts = server.facts("x")
    assert reply.json["info"]["role"] == "assistant"
    assert facts.index("finished") < facts.index("header-sent")


async def test_interims_and_comments_come_once_a_heartbeat(serve: Serve) -> None:
    server = await serve(CONFIG)
    session = await server.session()
    for handler, sign in (("interim-102", b"102 Processing"), ("sse-heartbeat", b": still working")):
        connection = await server.connect()
        connection.post(f"/session/{session}/prompt_async", prompt(handler), {"X-Firstbyte-Handler": handler})
        for _ in range(3):
            await connection.until(sign)
        assert "finished" not in server.facts(handler)


async def test_a_client_of_http_1_0_gets_no_interims(serve: Serve) -> None:
    server = await serve(CONFIG)
    connection = await server.connect()
    body = json.dumps(prompt("x")).encode()
    head = f"POST /session/{await server.session()}/prompt_async HTTP/1.0\r\nContent-Length: {len(body)}\r\n"
    connection.send(f"{head}X-Firstbyte-Handler: interim-102\r\n\r\n".encode() + body)
    assert (await connection.end()).startswith(b"HTTP/1.1 204 No Content\r\n")


async def test_the_status_resource_of_an_accepted_prompt_follows_it(serve: Serve) -> None:
    server = await serve(CONFIG)
    path = f"/session/{await server.session()}/prompt_async"
    reply = await server.post(path, prompt("x"), {"X-Firstbyte-Handler": "accepted-202"})
    location = reply.headers["location"]
    assert (await server.get(location)).json["status"] == "running"
    await server.idle()
    assert (await server.get(location)).json["status"] == "finished"


@pytest.mark.parametrize(
    ("choice", "ending"), [(OnClientGone.CONTINUE, "finished"), (OnClientGone.STOP, "aborted")]
)
async def test_the_work_goes_on_without_its_client_unless_told_to_stop(
    serve: Serve, choice: OnClientGone, ending: str
) -> None:
    server = await serve(ServerConfig(model=MODEL, handler="stream-withheld", on_client_gone=choice))
    connection = await server.connect()
    connection.post(f"/session/{await server.session()}/prompt_async", prompt("x"))
    await server.fact("x", "started")
    connection.close()
    await server.fact("x", ending)
    facts = server.facts("x")
    assert facts.index("client-gone") < facts.index(ending)
    assert "header-sent" not in facts
    assert server.ledger()["busy"] == 0


async def test_a_client_that_left_after_a_complete_204_is_not_gone(serve: Serve) -> None:
    server = await serve(ServerConfig(model=MODEL, on_client_gone=OnClientGone.STOP))
    connection = await server.connect()
    connection.post(f"/session/{await server.session()}/prompt_async", prompt("x"))
    await connection.reply()
    connection.close()
    await server.fact("x", "finished")
    assert "client-gone" not in server.facts("x")
