"""Sends a request and returns the whole answer, for the set-up and for reading the truth."""

import asyncio
import json
from collections.abc import Mapping

import msgspec

from firstbyte.harness.client.reading import AnswerReader
from firstbyte.harness.problems import SetupFailed

MOST_BYTES = 64 << 20
READ_SIZE = 65_536


class AskReply(msgspec.Struct, frozen=True, kw_only=True):
    """A complete answer."""

    status: int
    body: bytes


async def ask(
    address: tuple[str, int],
    method: str,
    path: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> AskReply:
    """Send one request on its own connection. The body is JSON unless a header says otherwise.

    Raises OSError if there is no complete answer.
    """
    reader, writer = await asyncio.open_connection(*address)
    try:
        writer.write(_request(address, method, path, body, headers or {}))
        answer = AnswerReader(method, keep=MOST_BYTES)
        while not answer.is_done:
            answer.feed(await reader.read(READ_SIZE))
    finally:
        writer.close()
    if answer.status is None or not answer.is_complete:
        raise ConnectionError(f"{method} {path}: no complete answer from {address[0]}:{address[1]}")
    return AskReply(status=answer.status, body=bytes(answer.body))


async def create_session(address: tuple[str, int]) -> str:
    """Make a session with POST /session and return its id. Raises SetupFailed."""
    try:
        reply = await ask(address, "POST", "/session", b"{}")
        return str(json.loads(reply.body)["id"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SetupFailed(
            f"origin {address[0]}:{address[1]}: POST /session gave no session: {error}"
        ) from error


def _request(
    address: tuple[str, int], method: str, path: str, body: bytes, headers: Mapping[str, str]
) -> bytes:
    own = {"content-type": "application/json"} | {name.lower(): value for name, value in headers.items()}
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: {address[0]}:{address[1]}\r\nConnection: close\r\n"
        f"Content-Length: {len(body)}\r\n"
    )
    lines = "".join(f"{name}: {value}\r\n" for name, value in own.items())
    return (head + lines + "\r\n").encode() + body
