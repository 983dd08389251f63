"""One request of a load run, and what its user was told: Locust's client, read to the end of the body.

Nothing is sent again here, and an answer that broke off is never called whole.
"""

import time

import msgspec
import requests
from locust.clients import HttpSession, ResponseContextManager
from requests.exceptions import ChunkedEncodingError, ConnectionError, ConnectTimeout, Timeout
from urllib3.exceptions import MaxRetryError, NewConnectionError

from benchmarks.load.intent import Attempt
from firstbyte.harness.files.json_path import select
from firstbyte.harness.model.units import Duration
from firstbyte.harness.model.verdict import End
from firstbyte.harness.problems import SetupFailed
from firstbyte.harness.targets.server_file import ServerFile, Values, fill
from firstbyte.harness.targets.server_talk import render_call

PIECE = 65_536
ASKING = 60
"""Seconds that the server may take for a question past the edge."""


class Origin(msgspec.Struct, frozen=True):
    """The server past the edge: for set-up and for the truth, never for what is being tested."""

    url: str
    file: ServerFile

    def create_session(self) -> str:
        """Its id; '' when clients choose it. Raises SetupFailed."""
        if self.file.session is None:
            return ""
        call = self.file.session
        headers, body = render_call(call, {})
        reply = self._ask(call.method, fill(call.path, {}, is_path=True), headers, body)
        found = [str(one) for one in select(reply.json(), call.id) if isinstance(one, str | int)]
        if not found:
            raise SetupFailed(f"session: {call.method} {call.path} gave no {call.id}")
        return found[0]

    def read(self, path: str) -> bytes:
        """The body of a GET with the headers of the truth. Raises SetupFailed."""
        headers = {name: fill(text, {}) for name, text in self.file.truth.headers.items()}
        return self._ask("GET", path, headers, b"").content

    def _ask(self, method: str, path: str, headers: dict[str, str], body: bytes) -> requests.Response:
        with requests.Session() as asking:
            asking.trust_env = False  # a proxy of the machine is no part of the exchange
            try:
                reply = asking.request(method, self.url + path, data=body, headers=headers, timeout=ASKING)
                reply.raise_for_status()
            except requests.RequestException as error:
                raise SetupFailed(f"--origin: {method} {path}: {error}") from error
            return reply


def attempt(client: HttpSession, file: ServerFile, values: Values, patience: Duration) -> Attempt:
    """Send once, as the file says, and read what comes."""
    headers, body = render_call(file.send, values)
    began = time.perf_counter()  # noqa: TID251 - it measures
    with client.request(
        file.send.method,
        fill(file.send.path, values, is_path=True),
        name=file.send.path,
        data=body,
        headers=headers,
        timeout=patience / 1e6,
        allow_redirects=False,
        stream=True,
        catch_response=True,
    ) as response:
        end = _end(response)
        took = (time.perf_counter() - began) * 1e3  # noqa: TID251 - it measures
        # Locust's own figure ends with the header, because the body is streamed.
        response.request_meta = {**response.request_meta, "response_time": took}
        left = not _never_left(response.error)
        return Attempt(status=response.status_code or None, end=end, took=took, connected=left)


def _end(response: ResponseContextManager) -> End:
    if response.error is not None:
        return End.OPEN if isinstance(response.error, Timeout) else End.RESET
    try:
        for _ in response.iter_content(PIECE):
            pass
    except ChunkedEncodingError as error:
        response.failure(f"the answer broke off: {error}")
        return End.TRUNCATED
    except ConnectionError as error:  # how requests calls silence within a body, too
        response.failure(f"the answer did not end: {error}")
        return End.OPEN
    return End.COMPLETE


def _never_left(error: Exception | None) -> bool:
    if isinstance(error, ConnectTimeout):
        return True
    reason = error.args[0] if error is not None and error.args else None
    return isinstance(reason, MaxRetryError) and isinstance(reason.reason, NewConnectionError)
