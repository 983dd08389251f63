"""The sim stage: origin, edges and client in one virtual-time loop, every byte in memory.

It runs the same classes as real mode. No byte, thread or clock of the outside may get in.
"""

import asyncio
import sqlite3
from collections.abc import Coroutine
from itertools import count
from operator import itemgetter
from typing import Any

import msgspec

from firstbyte.harness.client.ask import create_session
from firstbyte.harness.model.profile import Profile
from firstbyte.harness.model.scenario import ServerOrigin
from firstbyte.harness.model.timeline import Event, Timeline
from firstbyte.harness.model.units import Duration, as_seconds
from firstbyte.harness.origin.account import Account, events_of, read_account
from firstbyte.harness.origin.shape_server import ShapeServer
from firstbyte.harness.problems import SetupFailed
from firstbyte.harness.runner.plan import Plan
from firstbyte.harness.runner.sim_server import SimServer
from firstbyte.harness.sim import Sim
from firstbyte.harness.targets.talk import SessionTalk
from firstbyte.harness.targets.target import Talk
from firstbyte.proxies.edge.server import EdgeServer
from firstbyte.proxies.edge.simulated import simulated_edge, start_edge
from firstbyte.proxies.rules.config import EdgeConfig, Upstream
from firstbyte.tokens import base62

EPOCH_MS = 1_772_000_000_000
"""Unix milliseconds at which every simulated run begins: early March 2026, when the report was written."""
ORIGIN_PORT = 80
TICK_BITS = 24


class SimStage:
    """One run in virtual time. disk: the origin's database."""

    def __init__(self, sim: Sim, plan: Plan, disk: sqlite3.Connection) -> None:
        self.clock = sim.clock
        self.scenario = plan.scenario
        self._events: list[tuple[int, Event]] = []
        self._ticks = count()
        self.back = ("origin", ORIGIN_PORT)
        self.front = self.back
        self._sim = sim
        self._plan = plan
        self._disk = disk
        self._server: SimServer | None = None
        self._shape: ShapeServer | None = None
        self._edges: list[EdgeServer] = []

    def __repr__(self) -> str:
        return f"<SimStage {self._plan.name} at {as_seconds(self.clock.now())}s>"

    @property
    def talk(self) -> Talk:
        """The session API."""
        return SessionTalk()

    def token(self, length: int) -> str:
        """Seeded base62 characters."""
        return base62(self._sim.random, length)

    def wall_ms(self) -> int:
        """Simulated unix milliseconds."""
        return EPOCH_MS + self.clock.now() // 1_000

    def report(self, event: Event) -> None:
        """Take an event. A tick keeps the order of events at the same microsecond."""
        self._events.append((event.at << TICK_BITS | next(self._ticks), event))

    def stamp(self) -> int:
        """The origin's clock: the microsecond in the high bits, a tick for the order in the low ones."""
        return self.clock.now() << TICK_BITS | next(self._ticks)

    def timeline(self, account: Account) -> Timeline:
        """The events of all parts in the order they happened."""
        stamped = self._events + [
            (event.at, msgspec.structs.replace(event, at=event.at >> TICK_BITS))
            for event in events_of(account, int)
        ]
        stamped.sort(key=itemgetter(0))
        return Timeline(events=tuple([event for _, event in stamped]))

    async def open(self) -> None:
        """Start the origin, then the edges from the inside out."""
        await self._start_origin()
        last = len(self._plan.profiles) - 1
        for hop in range(last, -1, -1):
            await self._start_edge(hop, self._plan.profiles[hop])

    async def _start_origin(self) -> None:
        origin = self._plan.scenario.origin
        host = self._sim.network.host("origin")
        if isinstance(origin, ServerOrigin):
            self._server = SimServer(origin, host, self._disk, self)
            await _on(host, self._server.start(self.back))
            return
        assert self._plan.shape is not None
        self._shape = ShapeServer(self._plan.shape, self.stamp)
        await _on(host, self._shape.start(*self.back))

    async def _start_edge(self, hop: int, profile: Profile) -> None:
        upstream = Upstream(host=self.front[0], port=self.front[1])
        config = EdgeConfig(profile=profile, upstream=upstream, hop=hop)
        edge = simulated_edge(self._sim, config, self.report, self.token)
        self._edges.append(edge)
        self.front = await start_edge(self._sim, edge)

    def is_origin_up(self) -> bool:
        """It has been started and not killed since."""
        return self._server is not None or self._shape is not None

    async def pause(self, duration: Duration) -> None:
        """Let virtual time pass."""
        await asyncio.sleep(as_seconds(duration))

    async def create_session(self) -> str:
        """Have the origin make one, without a request where possible."""
        if self._server is not None:
            return self._server.create_session()
        return await create_session(self.back)

    async def account(self) -> Account:
        """Read the origin's own account, without a request."""
        if self._server is not None:
            return self._server.account()
        if self._shape is not None:
            return read_account(self._shape.account())
        raise SetupFailed("origin: is not running; the script killed it and did not restart it")

    async def settle(self, most: Duration) -> None:
        """Wait for the work in progress, in virtual time."""
        if self._server is None:
            return
        try:
            await asyncio.wait_for(self._server.idle(), as_seconds(most))
        except TimeoutError:
            return

    async def kill_origin(self) -> None:
        """kill -9: the database loses what was not committed."""
        if self._server is not None:
            self._sim.network.host("origin").kill(self._server.cut_disk)
        self._server = self._shape = None

    async def restart_origin(self) -> None:
        """On the same data and port."""
        await self._start_origin()

    async def close(self) -> None:
        """End everything that runs."""
        for edge in reversed(self._edges):
            await edge.close()
        if self._server is not None:
            await self._server.stop()
        if self._shape is not None:
            await self._shape.close()


async def _on[T](host: Any, coro: Coroutine[Any, Any, T]) -> T:
    """Run `coro` on `host` and wait for it."""
    result: T = await host.start(coro)
    return result
