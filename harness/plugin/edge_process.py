"""The process of an edge: started once, and moved in front of one server after the other.

It must never outlive the test run, whichever process is killed: it ends when the pipe to its standard input
closes, and it writes to files that have no name.
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
"""Has pytest leave these frames out: it would print their arguments, the whole environment among them."""


class EdgeProcess:
    """One process. url, control: of the edge that it runs now."""

    url: str
    control: HeldMode | None

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._files = ExitStack()
        self._events = self._files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - by the stack
        self._log = self._files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - by the stack
        self._token = secrets.token_urlsafe(24)
        self._began = 0
        self.is_over = False
        self._last_events = b""
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
        """Close the edge and all its connections; the process waits for `move`."""
        self._write_line("")
        self._answer()

    def move(self, upstream: str) -> None:
        """Run the same edge anew in front of another server. Its events begin anew too."""
        self._began = os.fstat(self._events.fileno()).st_size
        self._write_line(upstream)
        self._use(self._answer())

    def events(self) -> bytes:
        """The events of the edge that it runs now, or ran last: one line of JSON each."""
        return self._last_events if self.is_over else _content(self._events, self._began)

    def end(self) -> None:
        """End the process; exchanges under way are broken off."""
        if self.is_over:
            return
        self._stop()
        self._last_events = self.events()
        self.is_over = True
        self._files.close()

    def _write_line(self, line: str) -> None:
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
    """Keeps processes between the rounds of one test, by the command that started them."""

    def __init__(self) -> None:
        self._resting: dict[tuple[str, ...], list[EdgeProcess]] = {}

    def __repr__(self) -> str:
        return f"<EdgePool {sum(map(len, self._resting.values()))} resting>"

    def take(self, command: Sequence[str], upstream: str) -> EdgeProcess | None:
        """A process that runs this command, moved in front of `upstream`; None if there is none."""
        resting = self._resting.get(tuple(command))
        if not resting:
            return None
        process = resting.pop()
        process.move(upstream)
        return process

    def give(self, command: Sequence[str], process: EdgeProcess) -> None:
        """Take back a process that a test no longer needs."""
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
    """The content from `start` on. It does not seek: the edge writes at the position of the same file."""
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size - start, start)
