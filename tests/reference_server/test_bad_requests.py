"""Malformed requests get a proper response or a closed connection, and the next client is served."""

import pytest

from firstbyte.reference_server.config import Api, ServerConfig
from tests.reference_server.conftest import MODEL, Serve, prompt


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "Malformed JSON in request body"),
        (b"\xff\xfe", "Malformed JSON in request body"),
        (b"[" * 100_000, "Malformed JSON in request body: nested too deeply"),
        (b'{"parts": NaN}', "NaN is not JSON"),
        (b"[]", "The request body must be a JSON object"),
    ],
)
async def test_a_body_that_is_no_object_is_refused(serve: Serve, body: bytes, message: str) -> None:
    server = await serve(ServerConfig())
    reply = await server.post(f"/session/{await server.session()}/prompt_async", body)
    assert reply.status == 400
    assert message in reply.json["data"]["message"]


@pytest.mark.parametrize(
    "body",
    [
        {"parts": "text"},
        {"parts": ["text"]},
        {"parts": [{"type": "video"}]},
        {"parts": [{"type": "text"}]},
        {"parts": [{"type": "text", "text": 1}]},
        {"parts": [{"type": "text", "text": "x", "id": "msg_1"}]},
        {"parts": [], "messageID": "x"},
        {"parts": [], "messageID": 1},
    ],
)
async def test_a_prompt_of_the_wrong_shape_is_refused_by_both_apis(serve: Serve, body: object) -> None:
    for api in Api:
        server = await serve(ServerConfig(api=api))
        reply = await server.post(f"/session/{await server.session()}/prompt_async", body)
        assert reply.status == 400
        assert server.ledger()["busy"] == 0


async def test_an_unknown_handler_is_refused_with_those_there_are(serve: Serve) -> None:
    server = await serve(ServerConfig())
    path = f"/session/{await server.session()}/prompt_async"
    reply = await server.post(path, prompt("x"), {"X-Firstbyte-Handler": "nope"})
    assert reply.status == 400
    assert "'nope' is not a handler; there are accepted-202" in reply.json["data"]["message"]


async def test_an_unknown_path_and_a_wrong_method_are_told_apart(serve: Serve) -> None:
    server = await serve(ServerConfig())
    assert (await server.get("/nope")).status == 404
    assert (await server.post("/doc", {})).status == 405


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=-1", "before=%"])
async def test_a_bad_query_is_refused(serve: Serve, query: str) -> None:
    server = await serve(ServerConfig())
    assert (await server.get(f"/session/{await server.session()}/message?{query}")).status == 400


async def test_garbage_instead_of_http_gets_a_400_and_an_end(serve: Serve) -> None:
    server = await serve(ServerConfig())
    connection = await server.connect()
    connection.send(b"\x16\x03\x01garbage\r\n\r\n")
    assert (await connection.end()).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert (await server.get("/global/health")).status == 200


async def test_garbage_after_a_partial_header_only_closes_the_connection(serve: Serve) -> None:
    server = await serve(ServerConfig(model=MODEL))
    connection = await server.connect()
    path = f"/session/{await server.session()}/prompt_async"
    connection.post(path, prompt("x"), {"X-Firstbyte-Handler": "stream-partial-header"})
    await connection.until(b"Origin\r\n")
    connection.send(b"\x00\x00\r\n\r\n")
    await server.fact("x", "finished")
    assert b"400" not in connection.seen


async def test_a_client_that_leaves_in_the_middle_of_its_body_is_recorded_and_forgotten(serve: Serve) -> None:
    server = await serve(ServerConfig())
    connection = await server.connect()
    path = f"/session/{await server.session()}/prompt_async"
    connection.send(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{{".encode())
    while "prompt_async" not in str(server.ledger()["events"]):
        await server.get("/global/health")
    connection.close()
    await server.fact("", "client-gone")
    assert server.ledger()["busy"] == 0


async def test_two_requests_in_one_segment_are_answered_in_order(serve: Serve) -> None:
    server = await serve(ServerConfig(model=MODEL))
    connection = await server.connect()
    path = f"/session/{await server.session()}/prompt_async"
    connection.post(path, prompt("x"), {"X-Firstbyte-Handler": "stream-partial-header"})
    connection.get("/global/health")
    assert (await connection.reply()).status == 204
    assert (await connection.reply()).json["healthy"]


async def test_abort_ends_the_prompt_and_the_session_is_idle(serve: Serve) -> None:
    server = await serve(ServerConfig(model=MODEL))
    session = await server.session()
    await server.post(f"/session/{session}/prompt_async", prompt("x"))
    await server.fact("x", "started")
    assert (await server.post(f"/session/{session}/abort", {})).json is True
    await server.fact("x", "aborted")
    await server.idle()
    assert (await server.get("/session/status")).json == {}
    answer = (await server.get(f"/session/{session}/message")).json[1]
    assert answer["info"]["error"]["name"] == "MessageAbortedError"
