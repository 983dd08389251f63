"""Speaks to an edge's control address: what waits, and what becomes of it. Plain standard library.

It must never follow a redirect or speak to anything but the address it was given.
"""

import http.client
import json
from typing import Any

import msgspec

from firstbyte.harness.problems import SetupFailed

PATIENCE_SECONDS = 10.0
__tracebackhide__ = True  # as in edge.py


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A request that waits. timer: the one that would fire. answered: the server's answer is there."""

    id: int
    method: str
    path: str
    timer: str = ""
    answered: bool = False


class ControlClient:
    """One edge's control. address: host and port."""

    def __init__(self, address: tuple[str, int], token: str) -> None:
        self._address = address
        self._token = token

    def __repr__(self) -> str:
        return f"<ControlClient {self._address[0]}:{self._address[1]}>"

    def held(self) -> list[Held]:
        """What waits, oldest first."""
        return msgspec.convert(self._ask("GET", "/held")["held"], list[Held])

    def expire(self, number: int) -> None:
        """Fire the deadline of one. One that has ended meanwhile is no error."""
        self._ask("POST", f"/held/{number}/expire", accepted=(200, 404))

    def release(self, number: int) -> None:
        """Let the server's answer to one go on."""
        self._ask("POST", f"/held/{number}/release", accepted=(200, 404))

    def next(self, *, action: str, method: str, path: str, count: int) -> None:
        """Say what becomes of requests to come."""
        order = {"action": action, "method": method, "path": path, "count": count}
        self._ask("POST", "/next", json.dumps(order))

    def fault(self, *, action: str, request: int, after: int) -> None:
        """Order a fault for one request, by its place. after: bytes of the body before a cut."""
        order = {"action": action, "skip": request - 1, "after": after}
        self._ask("POST", "/next", json.dumps(order))

    def seen(self) -> list[dict[str, Any]]:
        """Every request so far, as the edge's `Seen` has it."""
        found: list[dict[str, Any]] = self._ask("GET", "/seen")["seen"]
        return found

    def _ask(
        self, method: str, path: str, body: str | None = None, accepted: tuple[int, ...] = (200,)
    ) -> dict[str, Any]:
        connection = http.client.HTTPConnection(*self._address, timeout=PATIENCE_SECONDS)
        try:
            connection.request(method, path, body, {"Authorization": f"Bearer {self._token}"})
            answer = connection.getresponse()
            text = answer.read()
        except OSError as error:
            raise SetupFailed(f"edge: its control address does not answer: {error}") from error
        finally:
            connection.close()
        if answer.status not in accepted:
            raise SetupFailed(f"edge: {method} {path}: {answer.status} {text.decode('utf-8', 'replace')}")
        found: dict[str, Any] = json.loads(text)
        return found
