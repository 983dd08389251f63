"""Turns a scenario's send into the HTTP request that a client of the session API sends.

Ids have OpenCode's form: a prefix, 12 hex digits of (unix_ms * 4096 + counter), 14 base62 characters.
"""

import json
from collections.abc import Callable

import msgspec

from firstbyte.harness.client.raw import Request
from firstbyte.harness.model.scenario import Operation, Send
from firstbyte.harness.model.units import Duration

MODEL = {"providerID": "fake", "modelID": "m"}


class Ids(msgspec.Struct, frozen=True, kw_only=True):
    """The ids that the client chooses for one message. part: '' = none is sent."""

    message: str
    part: str


class IdMint:
    """Makes ids. wall_ms: Unix milliseconds. token(n): n base62 characters."""

    def __init__(self, wall_ms: Callable[[], int], token: Callable[[int], str]) -> None:
        self._wall_ms = wall_ms
        self._token = token
        self._count = 0

    def __repr__(self) -> str:
        return f"<IdMint {self._count} made>"

    def new(self) -> Ids:
        """Return ids for a message and its only part."""
        return Ids(message=self._one("msg"), part=self._one("prt"))

    def _one(self, prefix: str) -> str:
        self._count += 1
        stamp = (self._wall_ms() * 4096 + self._count) & 0xFFFF_FFFF_FFFF
        return f"{prefix}_{stamp:012x}{self._token(14)}"


def build(send: Send, *, number: int, session: str, ids: Ids | None) -> Request:
    """Return the request for one send. session: '' for a wire shape."""
    headers = tuple(send.headers)
    if send.handler:
        headers += (("X-Firstbyte-Handler", send.handler),)
    if send.operation is not Operation.REQUEST:
        headers += (("Content-Type", "application/json"),)
    return Request(
        id=number,
        method="POST" if send.operation is not Operation.REQUEST else send.method,
        path=send.path if send.operation is Operation.REQUEST else f"/session/{session}/{send.operation}",
        headers=headers,
        body=_body(send, ids),
        intent=send.text,
        leave_after=_shorter(send),
        pace=send.pace,
        http2=send.http == "2",
    )


def _shorter(send: Send) -> Duration | None:
    limits = [limit for limit in (send.leave_after, send.patience) if limit is not None]
    return min(limits, default=None)


def _body(send: Send, ids: Ids | None) -> bytes:
    match send.operation:
        case Operation.REQUEST:
            return b"x" * (send.body_size or 0)
        case Operation.COMMAND:
            return _json({"command": "init", "arguments": send.text, "agent": "build", "model": "fake/m"})
        case Operation.SHELL:
            return _json({"agent": "build", "command": send.text})
        case Operation.SUMMARIZE:
            return _json(MODEL)
        case Operation.INIT:
            return _json({**MODEL, **({"messageID": ids.message} if ids else {})})
        case Operation.PROMPT_ASYNC | Operation.MESSAGE:
            return _padded(_prompt(send, ids), send.body_size)


def _prompt(send: Send, ids: Ids | None) -> bytes:
    part = {"type": "text", "text": send.text}
    prompt: dict[str, object] = {"agent": "build", "model": MODEL}
    if ids is not None:
        prompt["messageID"] = ids.message
        if ids.part:
            part["id"] = ids.part
    return _json({**prompt, "parts": [part]})


def _padded(body: bytes, size: int | None) -> bytes:
    """Pad the body to `size` with trailing white space, which JSON allows."""
    return body.ljust(size) if size else body


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
