"""`ask` returns a complete answer or raises an error."""

import asyncio
import socket

import pytest

from firstbyte.harness.client.ask import ask
from tests.harness.loopback import LOOPBACK, Script, head_of, serving

pytestmark = pytest.mark.real


def answering(answer: bytes, heads: list[bytes]) -> Script:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await head_of(reader))
        writer.write(answer)

    return script


async def test_the_whole_answer_comes_back_however_long_it_is() -> None:
    body = b"x" * 300_000
    answer = b"HTTP/1.1 201 Created\r\nContent-Length: 300000\r\n\r\n" + body
    heads: list[bytes] = []
    async with serving(answering(answer, heads)) as address:
        reply = await ask(address, "POST", "/session", b"{}")
    assert (reply.status, reply.body) == (201, body)
    lines = heads[0].split(b"\r\n")
    assert lines[0] == b"POST /session HTTP/1.1"
    assert b"Connection: close" in lines
    assert b"Content-Length: 2" in lines


INCOMPLETE = [
    ("nothing", b""),
    ("half a header", b"HTTP/1.1 200 OK\r\n"),
    ("half a body", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi"),
    ("garbage", b"what is this\r\n\r\n"),
]


@pytest.mark.parametrize(("name", "answer"), INCOMPLETE, ids=[name for name, _ in INCOMPLETE])
async def test_half_an_answer_is_an_error_that_names_the_question(name: str, answer: bytes) -> None:
    async with serving(answering(answer, [])) as address:
        with pytest.raises(ConnectionError, match=f"GET /x: no complete answer from {LOOPBACK}:{address[1]}"):
            await ask(address, "GET", "/x")


async def test_nobody_listening_is_an_error() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        address = server.getsockname()
    with pytest.raises(ConnectionRefusedError):
        await ask(address, "GET", "/")
