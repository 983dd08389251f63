"""What the same prompt sent twice leaves behind, as measured on OpenCode 1.2.20 and 1.18.33, 2026-11-22."""

from typing import Any

import pytest

from firstbyte.reference_server.config import Api, ServerConfig
from tests.reference_server.conftest import MODEL, Serve, Server

ID = "msg_20248df02d21AbCdEfGhIjKlMn"
PART = "prt_20248df02d21AbCdEfGhIjKlMn"
APIS = pytest.mark.parametrize("api", list(Api), ids=lambda api: api.value)


def body(message: str | None, part: str | None) -> dict[str, Any]:
    text: dict[str, Any] = {"type": "text", "text": "dup"}
    if part:
        text["id"] = part
    return {"parts": [text]} | ({"messageID": message} if message else {})


async def outcome(server: Server) -> tuple[list[str], int, int]:
    """The user messages' texts, the answers and the model calls."""
    await server.idle()
    ledger = server.ledger()
    texts = [message["text"] for message in ledger["messages"] if message["role"] == "user"]
    answers = sum(message["role"] == "assistant" for message in ledger["messages"])
    return texts, answers, ledger["model_calls"].get("dup", 0)


SAME = (body(ID, PART), body(ID, PART))
SAME_MESSAGE = (body(ID, None), body(ID, None))
NEW = (body(None, None), body(None, None))


@APIS
@pytest.mark.parametrize("handler", ["no-content", "idempotent", "stream-closed-at-once"])
@pytest.mark.parametrize(
    ("bodies", "expected"),
    [(SAME, (["dup"], 1, 1)), (SAME_MESSAGE, (["dup\ndup"], 1, 1)), (NEW, (["dup", "dup"], 2, 2))],
    ids=["same-ids", "same-message-id", "new-ids"],
)
async def test_a_prompt_sent_twice_while_busy(
    serve: Serve, api: Api, handler: str, bodies: tuple[Any, Any], expected: object
) -> None:
    server = await serve(ServerConfig(api=api, handler=handler, model=MODEL))
    path = f"/session/{await server.session()}/prompt_async"
    await server.post(path, bodies[0])
    await server.fact("dup", "started")
    await server.post(path, bodies[1])
    assert await outcome(server) == expected


@APIS
async def test_the_same_ids_again_after_it_was_answered_call_no_model(serve: Serve, api: Api) -> None:
    server = await serve(ServerConfig(api=api))
    path = f"/session/{await server.session()}/prompt_async"
    for each in SAME:
        await server.post(path, each)
        await server.idle()
    assert await outcome(server) == (["dup"], 1, 1)


async def test_prompts_queued_while_busy_are_answered_by_one_turn_after_the_first(serve: Serve) -> None:
    server = await serve(ServerConfig(model=MODEL))
    path = f"/session/{await server.session()}/prompt_async"
    await server.post(path, body(None, None))
    await server.fact("dup", "started")
    await server.post(path, body(None, None))
    await server.post(path, body(None, None))
    assert await outcome(server) == (["dup", "dup", "dup"], 2, 2)
    assert server.facts("dup").count("finished") == 3
