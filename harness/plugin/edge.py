"""The `edge` fixture: an emulated edge before any server, whose deadline fires when the test says so.

It is told over its control address what becomes of a request. It must never judge what it saw.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack

import msgspec

from firstbyte.harness.model.result import Fired
from firstbyte.harness.model.timeline import Event, Kind
from firstbyte.harness.model.units import as_seconds
from firstbyte.harness.plugin.control import ControlClient, Held
from firstbyte.harness.plugin.edge_process import EdgePool, EdgeProcess
from firstbyte.harness.plugin.program import edge_program
from firstbyte.harness.problems import SetupFailed
from firstbyte.proxies.rules.orders import Action, Next, Seen

__tracebackhide__ = True
"""For pytest, which shows the arguments of frames: addresses, headers, the whole environment."""

type Setting = str | int | float | bool


class Edge:
    """A running edge. url: where the client is to send its requests instead of the server."""

    def __init__(self, process: EdgeProcess, profile: str) -> None:
        self.url = process.url
        self.profile = profile
        self._process = process

    def __repr__(self) -> str:
        return f"<Edge {self._process!r}>"

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
        wanted = Next(action=Action.HOLD, path=path, method=method)
        return [one for one in self.held() if wanted.fits(one.method, one.path)]

    def _told(self) -> ControlClient:
        if self._process.control is None:
            raise SetupFailed("edge: its deadlines go by the clock (time_scale=...); leave time_scale out")
        return self._process.control

    def order(self, fault: str, request: int, after: int) -> None:
        """Have a fault happen to one request, by its place. after: bytes of the body before a cut."""
        self._told().fault(action=fault, request=request, after=after)

    def seen(self) -> list[Seen]:
        """Every request so far, with what became of it."""
        return msgspec.convert(self._told().seen(), list[Seen])

    # ---- what it saw

    @property
    def timeline(self) -> tuple[Event, ...]:
        """What the edge saw and did so far. Times are microseconds since its first event."""
        decoder = msgspec.json.Decoder(Event)
        events = [decoder.decode(line) for line in self._process.events().splitlines() if line]
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
        self._process.end()


class EdgeFactory:
    """What the fixture is: `edge(upstream, profile="cloudflare")`. Ends every edge it made.

    pool: where their processes rest instead. on_start: told of each edge before the test has it.
    """

    def __init__(
        self,
        profile: str,
        environment: Callable[[], Mapping[str, str]],
        pool: EdgePool | None = None,
        on_start: Callable[[Edge], None] = lambda _edge: None,
    ) -> None:
        self._profile = profile
        self._environment = environment
        self._pool = pool
        self._on_start = on_start
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
            *(*edge_program(), "edge", "--profile", profile or self._profile),
            *("--listen", "127.0.0.1:0", "--quiet", "--ready-json", "--end-with-stdin", *clock),
        ]
        for key, value in (settings or {}).items():
            command += ["--set", f"{key}={json.dumps(value)}"]
        started = Edge(self._process(command, upstream), profile or self._profile)
        self._on_start(started)
        return started

    def _process(self, command: list[str], upstream: str) -> EdgeProcess:
        pool = self._pool
        process = pool.take(command, upstream) if pool is not None else None
        if process is None:
            process = EdgeProcess([*command, "--upstream", upstream], self._environment())
        if pool is None:
            self._stack.callback(process.end)
        else:
            self._stack.callback(pool.give, command, process)
        return process

    def __repr__(self) -> str:
        return f"<EdgeFactory {self._profile}>"

    def close(self) -> None:
        """End every edge."""
        self._stack.close()
