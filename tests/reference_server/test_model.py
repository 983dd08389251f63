"""A model that fails or hangs leaves the message durable, says so, and does not block the next prompt."""

import pytest

from firstbyte.reference_server.config import ModelHangs, ModelScript, ProviderError, ServerConfig, Turn
from tests.reference_server.conftest import Serve, prompt


@pytest.mark.parametrize("after_tokens", [0, 2, 99])
async def test_a_provider_error_is_recorded_stored_and_not_retried(serve: Serve, after_tokens: int) -> None:
    failure = ProviderError(after_tokens=after_tokens, message="overloaded")
    server = await serve(ServerConfig(model=ModelScript(turns=(Turn(failure=failure), Turn()))))
    session = await server.session()
    path = f"/session/{session}/prompt_async"
    await server.post(path, prompt("first"))
    await server.fact("first", "failed")
    await server.post(path, prompt("second"))
    await server.fact("second", "finished")
    ledger = server.ledger()
    assert (ledger["effects"], ledger["busy"]) == ({"first": 1, "second": 1}, 0)
    assert ledger["model_calls"] == {"first": 1, "second": 1}
    answer = (await server.get(f"/session/{session}/message")).json[1]["info"]
    assert answer["error"] == {"name": "APIError", "data": {"message": "overloaded", "isRetryable": False}}
    assert "finish" not in answer


async def test_a_handler_that_awaits_answers_after_a_provider_error_too(serve: Serve) -> None:
    script = ModelScript(turns=(Turn(failure=ProviderError()),))
    server = await serve(ServerConfig(model=script, handler="stream-withheld"))
    path = f"/session/{await server.session()}/prompt_async"
    assert (await server.post(path, prompt("x"))).status == 204
    assert server.facts("x").index("failed") < server.facts("x").index("header-sent")


async def test_a_model_that_hangs_is_ended_by_abort_with_everything_that_waits_behind_it(
    serve: Serve,
) -> None:
    script = ModelScript(turns=(Turn(failure=ModelHangs(after_tokens=1)), Turn()))
    server = await serve(ServerConfig(model=script))
    session = await server.session()
    path = f"/session/{session}/prompt_async"
    await server.post(path, prompt("first"))
    await server.fact("first", "first-token")
    await server.post(path, prompt("second"))
    assert (await server.get("/session/status")).json == {session: {"type": "busy"}}
    await server.post(f"/session/{session}/abort", {})
    await server.idle()
    assert [server.facts(intent)[-1] for intent in ("first", "second")] == ["aborted", "aborted"]
    assert server.ledger()["effects"] == {"first": 1, "second": 1}


async def test_abort_of_an_idle_session_changes_nothing(serve: Serve) -> None:
    server = await serve(ServerConfig())
    session = await server.session()
    assert (await server.post(f"/session/{session}/abort", {})).json is True
    assert "aborted" not in str(server.ledger()["events"])


async def test_without_a_reply_wanted_the_message_is_stored_and_no_model_is_called(serve: Serve) -> None:
    server = await serve(ServerConfig(handler="await-result"))
    path = f"/session/{await server.session()}/prompt_async"
    reply = await server.post(path, prompt("x", noReply=True))
    assert reply.json["info"]["role"] == "user"
    ledger = server.ledger()
    assert (ledger["effects"], ledger["model_calls"], ledger["busy"]) == ({"x": 1}, {}, 0)


async def test_the_ledger_says_which_handler_answered(serve: Serve) -> None:
    server = await serve(ServerConfig(handler="no-content"))
    session = await server.session()
    named = {"X-Firstbyte-Handler": "idempotent", "X-Firstbyte-Request": "7"}
    await server.post(f"/session/{session}/prompt_async", prompt("a"), named)
    await server.post(f"/session/{session}/prompt_async", prompt("b"))
    await server.post(f"/session/{session}/command", {"command": "init", "arguments": ""})
    await server.post(f"/session/{session}/message", prompt("c"))
    arrived = [row for row in server.ledger()["events"] if row["event"] == "arrived"]
    handlers = [row["detail"].get("handler") for row in arrived]
    assert handlers == [None, "idempotent", "no-content", "await-result", "stream-partial-header"]
    assert arrived[1]["request"] == "7"


async def test_looking_at_the_ledger_is_not_recorded(serve: Serve) -> None:
    server = await serve(ServerConfig())
    for path in ("/_firstbyte/ledger", "/_firstbyte/health", "/ui/naive/"):
        assert (await server.get(path)).status == 200
    assert server.ledger()["events"] == []
