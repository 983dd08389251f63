"""Drives an edge in held mode over its control address, with the standard library alone.

It must never follow a redirect or connect to anything but the address it was given.
"""

import http.client

import msgspec

from firstbyte.harness.problems import SetupFailed
from firstbyte.proxies.rules.orders import HeldList, HeldRequest, Next, Seen, SeenList

PATIENCE_SECONDS = 10.0
__tracebackhide__ = True  # as in edge.py


class ControlClient:
    """`HeldMode` over HTTP. address: host and port."""

    def __init__(self, address: tuple[str, int], token: str) -> None:
        self._address = address
        self._token = token

    def __repr__(self) -> str:
        return f"<ControlClient {self._address[0]}:{self._address[1]}>"

    def held(self) -> list[HeldRequest]:
        """The requests that wait, oldest first."""
        _, content = self._request("GET", "/held")
        return msgspec.json.decode(content, type=HeldList).held

    def seen(self) -> list[Seen]:
        """Every request so far, oldest first."""
        _, content = self._request("GET", "/seen")
        return msgspec.json.decode(content, type=SeenList).seen

    def order_next(self, order: Next) -> None:
        """Say what becomes of the next `count` requests that fit."""
        self._request("POST", "/next", msgspec.json.encode(order))

    def expire(self, number: int) -> bool:
        """Fire the deadline of one request; False when it no longer waits."""
        return self._request("POST", f"/held/{number}/expire", accepted=(200, 404))[0] == 200

    def release(self, number: int) -> bool:
        """Pass the origin's answer to one request on; False when it no longer waits."""
        return self._request("POST", f"/held/{number}/release", accepted=(200, 404))[0] == 200

    def _request(
        self, method: str, path: str, body: bytes | None = None, accepted: tuple[int, ...] = (200,)
    ) -> tuple[int, bytes]:
        """The status and body of the answer."""
        connection = http.client.HTTPConnection(*self._address, timeout=PATIENCE_SECONDS)
        try:
            connection.request(method, path, body, {"Authorization": f"Bearer {self._token}"})
            answer = connection.getresponse()
            content = answer.read()
        except OSError as error:
            raise SetupFailed(f"edge: its control address does not answer: {error}") from error
        finally:
            connection.close()
        if answer.status not in accepted:
            raise SetupFailed(f"edge: {method} {path}: {answer.status} {content.decode('utf-8', 'replace')}")
        return answer.status, content
