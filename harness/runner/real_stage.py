"""The real stage: origin and edge are processes on loopback; wall time, divided by the time scale.

It must never listen anywhere but on loopback, and never leave a process or a folder behind.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from firstbyte.harness.clock import RealClock, wall_ms
from firstbyte.harness.model.scenario_ops import scaled_scenario
from firstbyte.harness.model.timeline import Event, Timeline, join
from firstbyte.harness.model.units import Duration, as_seconds
from firstbyte.harness.origin.account import Account, events_of
from firstbyte.harness.process.child import own_folder
from firstbyte.harness.runner.plan import Plan
from firstbyte.harness.runner.real_edge import read_events
from firstbyte.harness.runner.real_processes import RealProcesses
from firstbyte.harness.targets.target import Talk
from firstbyte.tokens import random_base62

POLL = Duration(50_000)
SHARED_MEMORY = Path("/dev/shm")


class RealStage:
    """One run with processes. plan: its scenario is already scaled. The run's time begins here."""

    def __init__(self, plan: Plan, processes: RealProcesses) -> None:
        self.clock = RealClock(scale=plan.options.time_scale)
        self.scenario = plan.scenario
        self.front = processes.front
        self.back = processes.back
        self.processes = processes
        self._plan = plan
        self._events: list[Event] = []

    def __repr__(self) -> str:
        return f"<RealStage {self._plan.name} {self.processes}>"

    @property
    def talk(self) -> Talk:
        """How to speak to the origin."""
        return self.processes.origin.talk

    def token(self, length: int) -> str:
        """Random base62 characters for ids."""
        return random_base62(length)

    def wall_ms(self) -> int:
        """Unix milliseconds."""
        return wall_ms()

    def is_origin_up(self) -> bool:
        """It has been started and not killed since."""
        return self.processes.origin.is_running

    async def pause(self, duration: Duration) -> None:
        """Wait; the duration is already scaled."""
        await asyncio.sleep(as_seconds(duration))

    async def create_session(self) -> str:
        """Ask the origin for one."""
        return await self.talk.create_session(self.back)

    async def account(self) -> Account:
        """Ask the origin."""
        return await self.processes.origin.account()

    async def settle(self, most: Duration) -> None:
        """Ask until it is idle. A blocked origin answers late, which is just as good."""
        end = time.monotonic() + as_seconds(most)
        while time.monotonic() < end:
            if not (await self.account()).busy:
                return
            await asyncio.sleep(as_seconds(POLL))

    async def kill_origin(self) -> None:
        """kill -9."""
        await self.processes.origin.kill()

    async def restart_origin(self) -> None:
        """On the same data and port."""
        await self.processes.origin.restart()

    def report(self, event: Event) -> None:
        """Take an event."""
        self._events.append(event)

    def timeline(self, account: Account) -> Timeline:
        """Ordered by time: all processes share the machine's monotonic clock."""
        return join(self._events, events_of(account, self._run_time))

    def edge_events(self) -> list[Event]:
        """What the edge saw, on the run's axis. Complete once the edge has ended."""
        return read_events(self.processes.folder, self._plan.options.time_scale, self._run_time)

    def _run_time(self, monotonic_us: int) -> int:
        began_us = self.clock.began_ns / 1_000
        return round((monotonic_us - began_us) * self._plan.options.time_scale)


@contextlib.asynccontextmanager
async def real_stage(plan: Plan) -> AsyncIterator[RealStage]:
    """A stage whose processes and folder are gone afterwards, whatever happens in between."""
    scaled = msgspec.structs.replace(plan, scenario=scaled_scenario(plan.scenario, plan.options.time_scale))
    where = _memory_folder() if plan.options.time_scale > 1 else None
    with own_folder(where) as folder:
        processes = RealProcesses(scaled, folder)
        try:
            await processes.start()
            yield RealStage(scaled, processes)
        finally:
            await processes.stop()


def _memory_folder() -> Path | None:
    """A folder in memory for scaled runs, whose disk is not scaled: at scale 50 a commit of 100 ms takes 5 s.

    None when the user has set TMPDIR.
    """
    is_free = "TMPDIR" not in os.environ and os.access(SHARED_MEMORY, os.W_OK)
    return SHARED_MEMORY if is_free else None
