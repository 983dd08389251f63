"""The `edge` fixture: an emulated edge before any server, whose deadline fires when the test says so.

The edge is a process of its own. It must never outlive the test, whoever kills whom: it ends when the pipe to
its standard input does, and what it writes goes to files without a name.
"""

import json
import os
import secrets
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import IO
from urllib.parse import urlsplit

import msgspec

from firstbyte.harness.plugin.control import ControlClient, Held
from firstbyte.harness.plugin.program import edge_program
from firstbyte.harness.problems import SetupFailed
from firstbyte.harness.result import Fired
from firstbyte.harness.timeline import Event, Kind
from firstbyte.harness.units import as_seconds

STOP_SECONDS = 5.0
__tracebackhide__ = True
"""For pytest, which shows the arguments of frames: addresses, headers, the whole environment."""
SAID = 800
TOKEN = "FIRSTBYTE_TOKEN"

type Setting = str | int | float | bool


class Edge:
    """A running edge. url: where the client is to send its requests instead of the server."""

    def __init__(self, command: list[str], environment: Mapping[str, str]) -> None:
        self._files = ExitStack()
        self._events = self._files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - by the stack
        self._log = self._files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - by the stack
        token = secrets.token_urlsafe(24)
        descriptor = self._events.fileno()
        self._process = subprocess.Popen(
            [*command, "--events", str(descriptor)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            pass_fds=[descriptor],
            env={**environment, TOKEN: token},
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._end()
            said = _content(self._log).decode("utf-8", "replace").strip()[-SAID:]
            self._files.close()
            raise SetupFailed(f"edge: did not start: {said}")
        ready = json.loads(line)
        self.url: str = ready["ready"]
        self._control = _control(ready.get("control", ""), token)

    def __repr__(self) -> str:
        return f"<Edge {self.url} pid {self._process.pid}>"

    # ---- what waits, and what becomes of it

    def held(self) -> list[Held]:
        """The requests that have no answer yet, oldest first."""
        return self._told().held()

    def expire(self, path: str = "", method: str = "", count: int = 1) -> None:
        """Fire the deadline of what waits and fits; of the next `count` that fit when nothing does.

        path: a pattern with * and ?; '' = any. The server gets the whole request in either case. Never waits.
        """
        self._do("expire", path, method, count)

    def release(self, path: str = "", method: str = "") -> None:
        """Let the answers to what waits and fits go on."""
        for one in self._fitting(path, method):
            self._told().release(one.id)

    def hold(self, path: str = "", method: str = "", count: int = 1) -> None:
        """Keep even the server's answer to the next `count` requests that fit, until released or expired."""
        self._told().next(action="hold", path=path, method=method, count=count)

    def _do(self, action: str, path: str, method: str, count: int) -> None:
        fitting = self._fitting(path, method)
        for one in fitting:
            self._told().expire(one.id)
        if not fitting:
            self._told().next(action=action, path=path, method=method, count=count)

    def _fitting(self, path: str, method: str) -> list[Held]:
        from firstbyte.proxies.held import Action, Next  # noqa: PLC0415 - data only: no mitmproxy

        wanted = Next(action=Action.HOLD, path=path, method=method)
        return [one for one in self.held() if wanted.fits(one.method, one.path)]

    def _told(self) -> ControlClient:
        if self._control is None:
            raise SetupFailed("edge: its deadlines go by the clock (time_scale=...); leave time_scale out")
        return self._control

    # ---- what it saw

    @property
    def timeline(self) -> tuple[Event, ...]:
        """What the edge saw and did so far. Times are microseconds since its first event."""
        decoder = msgspec.json.Decoder(Event)
        events = [decoder.decode(line) for line in _content(self._events).splitlines() if line]
        began = min((event.at for event in events), default=0)
        return tuple(msgspec.structs.replace(event, at=event.at - began) for event in events)

    @property
    def fired(self) -> tuple[Fired, ...]:
        """The deadlines that have fired: a test whose deadline never fired has tested nothing."""
        return tuple(
            Fired(
                request=event.request,
                hop=int(event.data.get("hop", 0)),
                timer=str(event.data["timer"]),
                at_s=as_seconds(event.at),
            )
            for event in self.timeline
            if event.kind is Kind.TIMER_FIRED
        )

    def stop(self) -> None:
        """End it. It breaks off what is under way."""
        self._end()
        self._files.close()

    def _end(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _content(file: IO[bytes]) -> bytes:
    """All of it. The edge writes where the file stands, so it is not moved."""
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0)


def _control(url: str, token: str) -> ControlClient | None:
    parts = urlsplit(url)
    return ControlClient((parts.hostname, parts.port), token) if parts.hostname and parts.port else None


class EdgeFactory:
    """What the fixture is: `edge(upstream, profile="cloudflare")`. Ends every edge it made."""

    def __init__(self, profile: str, environment: Callable[[], Mapping[str, str]]) -> None:
        self._profile = profile
        self._environment = environment
        self._stack = ExitStack()

    def __call__(
        self,
        upstream: str,
        profile: str = "",
        *,
        time_scale: float | None = None,
        settings: Mapping[str, Setting] | None = None,
    ) -> Edge:
        """Start an edge before `upstream`, a URL without a path.

        profile: an edge's id, a file, or a chain of them. time_scale: None = deadlines fire when the test
        says so; a number = by the clock, every limit divided by it. settings: keys of the profile to
        change, such as {"timers.proxy-read.limit": "60s"}. Raises MissingTool and SetupFailed with the cure.
        """
        clock = ["--hold"] if time_scale is None else ["--time-scale", f"{time_scale:g}"]
        command = [
            *(*edge_program(), "edge", "--upstream", upstream, "--profile", profile or self._profile),
            *("--listen", "127.0.0.1:0", "--quiet", "--ready-json", "--end-with-stdin", *clock),
        ]
        for key, value in (settings or {}).items():
            command += ["--set", f"{key}={json.dumps(value)}"]
        started = Edge(command, self._environment())
        self._stack.callback(started.stop)
        return started

    def __repr__(self) -> str:
        return f"<EdgeFactory {self._profile}>"

    def close(self) -> None:
        """End every edge."""
        self._stack.close()
