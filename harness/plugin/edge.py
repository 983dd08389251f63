"""The `edge` fixture: an emulated edge in front of any server, whose deadline fires when the test says so.

The edge runs in a process of its own and takes its orders over its control address.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack

import msgspec

from firstbyte.harness.model.result import Fired
from firstbyte.harness.model.timeline import Event, Kind
from firstbyte.harness.model.units import as_seconds
from firstbyte.harness.plugin.edge_process import EdgePool, EdgeProcess
from firstbyte.harness.plugin.program import edge_program
from firstbyte.harness.problems import SetupFailed
from firstbyte.proxies.rules.orders import Action, HeldMode, HeldRequest, Next, Seen, fitting

__tracebackhide__ = True
"""Has pytest leave these frames out: it would print their arguments, the whole environment among them."""

type Setting = str | int | float | bool


class Edge:
    """A running edge. url: where the client sends its requests, instead of to the server."""

    def __init__(self, process: EdgeProcess, profile: str) -> None:
        self.url = process.url
        self.profile = profile
        self._process = process

    def __repr__(self) -> str:
        return f"<Edge {self._process!r}>"

    # ---- what waits, and what becomes of it

    def held(self) -> list[HeldRequest]:
        """The requests that have no answer yet, oldest first."""
        return self._control.held()

    def expire(self, path: str = "", method: str = "", count: int = 1) -> None:
        """Fire the deadline of the waiting requests that fit; if none does, of the next `count` that fit.

        path: a pattern with * and ?; '' = any. The server gets the whole request in either case. Never waits.
        """
        control, order = self._control, Next(action=Action.EXPIRE, path=path, method=method, count=count)
        waiting = fitting(control, order)
        for one in waiting:
            control.expire(one.id)
        if not waiting:
            control.order_next(order)

    def release(self, path: str = "", method: str = "") -> None:
        """Pass on the server's answers to the waiting requests that fit."""
        control = self._control
        for one in fitting(control, Next(action=Action.RELEASE, path=path, method=method)):
            control.release(one.id)

    def hold(self, path: str = "", method: str = "", count: int = 1) -> None:
        """Hold even the server's answer to the next `count` requests that fit, until released or expired."""
        self._control.order_next(Next(action=Action.HOLD, path=path, method=method, count=count))

    def order_next(self, order: Next) -> None:
        """Say what becomes of requests to come: also a fault."""
        self._control.order_next(order)

    def seen(self) -> list[Seen]:
        """Every request so far, with what became of it."""
        return self._control.seen()

    @property
    def _control(self) -> HeldMode:
        if self._process.control is None:
            raise SetupFailed("edge: its deadlines go by the clock (time_scale=...); leave time_scale out")
        return self._process.control

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

    def has_played(self) -> bool:
        """Whether a request has come."""
        if self._process.control is not None and not self._process.is_over:
            return bool(self.seen())
        return any(event.kind is Kind.REQUEST_RECEIVED for event in self.timeline)

    def stop(self) -> None:
        """End the edge; exchanges under way are broken off."""
        self._process.end()


class EdgeFactory:
    """The value of the fixture: `edge(upstream, profile="cloudflare")`. Its edges end with the test.

    pool: keeps their processes for the next round instead. on_start: called with each edge before the test
    gets it.
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
        """Start an edge in front of `upstream`, a URL without a path.

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
