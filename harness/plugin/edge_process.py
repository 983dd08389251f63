"""The process of an edge: started once, put before one server after the other, ended with who started it.

It must never outlive the test run, whoever kills whom: it ends when the pipe to its standard input does, and
what it writes goes to files without a name.
"""

import json
import os
import secrets
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import IO, Any
from urllib.parse import urlsplit

from firstbyte.harness.plugin.control import ControlClient
from firstbyte.harness.problems import SetupFailed
from firstbyte.proxies.rules.orders import HeldMode

STOP_SECONDS = 5.0
SAID = 800
TOKEN = "FIRSTBYTE_TOKEN"
__tracebackhide__ = True
"""For pytest, which shows the arguments of frames: addresses, headers, the whole environment."""


class EdgeProcess:
    """One process. url, control: of the edge it runs now."""

    url: str
    control: HeldMode | None

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._files = ExitStack()
        self._events = self._files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - by the stack
        self._log = self._files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - by the stack
        self._token = secrets.token_urlsafe(24)
        self._began = 0
        self.is_over = False
        descriptor = self._events.fileno()
        self._process = subprocess.Popen(
            [*command, "--events", str(descriptor)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            pass_fds=[descriptor],
            env={**environment, TOKEN: self._token},
        )
        self._use(self._answer())

    def __repr__(self) -> str:
        return f"{self.url} pid {self._process.pid}"

    def rest(self) -> None:
        """Close the edge and every connection of it; the process waits."""
        self._say("")
        self._answer()

    def move(self, upstream: str) -> None:
        """Run the same edge afresh before another server. What the old one saw is no longer shown."""
        self._began = os.fstat(self._events.fileno()).st_size
        self._say(upstream)
        self._use(self._answer())

    def events(self) -> bytes:
        """What the edge it runs now has seen: a line of JSON an event."""
        return _content(self._events, self._began)

    def end(self) -> None:
        """End it. It breaks off what is under way."""
        self.is_over = True
        self._stop()
        self._files.close()

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise SetupFailed(f"edge: its process is gone: {error}") from error

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._stop()
            said = _content(self._log).decode("utf-8", "replace").strip()[-SAID:]
            self._files.close()
            raise SetupFailed(f"edge: did not start: {said}")
        found: dict[str, Any] = json.loads(line)
        return found

    def _use(self, ready: dict[str, Any]) -> None:
        self.url = ready["ready"]
        parts = urlsplit(ready.get("control", ""))
        known = parts.hostname and parts.port
        self.control = ControlClient((parts.hostname or "", parts.port or 0), self._token) if known else None

    def _stop(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class EdgePool:
    """Processes that rest between the rounds of one test, by the command that started them."""

    def __init__(self) -> None:
        self._resting: dict[tuple[str, ...], list[EdgeProcess]] = {}

    def __repr__(self) -> str:
        return f"<EdgePool {sum(map(len, self._resting.values()))} resting>"

    def take(self, command: Sequence[str], upstream: str) -> EdgeProcess | None:
        """One that runs this command, moved before `upstream`; None when there is none."""
        resting = self._resting.get(tuple(command))
        if not resting:
            return None
        process = resting.pop()
        process.move(upstream)
        return process

    def give(self, command: Sequence[str], process: EdgeProcess) -> None:
        """A test is through with it."""
        if process.is_over:
            return
        process.rest()
        self._resting.setdefault(tuple(command), []).append(process)

    def close(self) -> None:
        """End them all."""
        for resting in self._resting.values():
            for process in resting:
                process.end()
        self._resting.clear()


def _content(file: IO[bytes], start: int = 0) -> bytes:
    """All of it from there on. The edge writes where the file stands, so it is not moved."""
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size - start, start)
