"""The real stage: origin and edge are processes on loopback, time is the wall's, divided by the time scale.

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
from firstbyte.harness.files.loader import LoadedProfile
from firstbyte.harness.model.scenario_ops import scaled_scenario, scaled_shape
from firstbyte.harness.model.timeline import Event, Timeline, join
from firstbyte.harness.model.units import Duration, as_seconds
from firstbyte.harness.origin.account import Account, events_of
from firstbyte.harness.problems import SetupFailed
from firstbyte.harness.process.child import Child, log_tail, own_folder, start_child
from firstbyte.harness.runner.machine import SchedulerDelay, waited_for_disk
from firstbyte.harness.runner.plan import Plan
from firstbyte.harness.targets.catalogue import find_target
from firstbyte.harness.targets.target import LOOPBACK, Job, Origin, Talk
from firstbyte.tokens import random_base62

POLL = Duration(50_000)
CRASH_SHOWN = 1_500
SHARED_MEMORY = Path("/dev/shm")


class RealStage:
    """Processes for one run. The scenario it is given is already scaled."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.clock = RealClock(scale=plan.options.time_scale)
        self.scenario = plan.scenario
        self._events: list[Event] = []
        self.front = (LOOPBACK, 0)
        self.back = (LOOPBACK, 0)
        self._plan = plan
        self._folder = folder
        self._target = find_target(plan.options.target, plan.options.adapter)
        self._origin: Origin | None = None
        self._edge: Child | None = None
        self._waits = SchedulerDelay()

    def __repr__(self) -> str:
        return f"<RealStage {self._plan.name} {self._origin} {self._edge}>"

    def token(self, length: int) -> str:
        """Random base62 characters for ids."""
        return random_base62(length)

    def wall_ms(self) -> int:
        """Unix milliseconds."""
        return wall_ms()

    async def open(self) -> None:
        """Start origin, then edge; then the run's time begins."""
        self._origin = await self._target.start(self._job())
        self.back = self.front = self._up().address
        if self._plan.hops:
            self._edge = await start_child(
                "edge", "firstbyte.proxies.program.main", self._edge_arguments(), self._folder
            )
            self.front = self._edge.address
        self.clock = RealClock(scale=self._plan.options.time_scale)

    def waited(self) -> Duration:
        """The wall time that origin and edge have waited for a processor so far, together."""
        pids = list(self._origin.pids) if self._origin is not None and self._origin.is_running else []
        if self._edge is not None and self._edge.is_running:
            pids.append(self._edge.pid)
        return self._waits.until_now(pids)

    def waited_for_disk(self) -> Duration:
        """The wall time that our server has to wait for its disk in an exchange; 0 for what keeps nothing."""
        return waited_for_disk(self._folder) if (self._folder / "data").exists() else Duration(0)

    def _job(self) -> Job:
        shape, time_scale = self._plan.shape, self._plan.options.time_scale
        return Job(
            scenario=self.scenario,
            folder=self._folder,
            time_scale=time_scale,
            shape=scaled_shape(shape, time_scale) if shape else None,
        )

    def _edge_arguments(self) -> list[str]:
        profiles = ",".join(self._written(number, hop) for number, hop in enumerate(self._plan.hops))
        arguments = ["--upstream", f"http://{self.back[0]}:{self.back[1]}", "--profile", profiles]
        arguments += ["--listen", f"{LOOPBACK}:0", "--time-scale", str(self._plan.options.time_scale)]
        arguments += ["--quiet", "--ready-json", "--events", str(self._folder / "edge.jsonl")]
        return arguments

    def _written(self, number: int, hop: LoadedProfile) -> str:
        """A file with the profile as the plan has it, changes and all."""
        path = self._folder / f"edge-{number}.json"
        path.write_bytes(msgspec.json.encode(hop.raw))
        return str(path)

    def _up(self) -> Origin:
        if self._origin is None:
            raise SetupFailed("origin: was never started")
        return self._origin

    @property
    def talk(self) -> Talk:
        """How to speak to the origin."""
        return self._up().talk

    def is_origin_up(self) -> bool:
        """It has been started and not killed since."""
        return self._origin is not None and self._origin.is_running

    async def pause(self, duration: Duration) -> None:
        """Wait; the duration is already scaled."""
        await asyncio.sleep(as_seconds(duration))

    async def create_session(self) -> str:
        """Ask the origin for one."""
        return await self.talk.create_session(self.back)

    async def account(self) -> Account:
        """Ask the origin."""
        return await self._up().account()

    async def settle(self, most: Duration) -> None:
        """Ask until it is idle. A blocked origin answers late, which is just as good."""
        end = time.monotonic() + as_seconds(most)
        while time.monotonic() < end:
            if not (await self.account()).busy:
                return
            await asyncio.sleep(as_seconds(POLL))

    async def kill_origin(self) -> None:
        """kill -9."""
        await self._up().kill()

    async def restart_origin(self) -> None:
        """On the same data and port."""
        await self._up().restart()

    def report(self, event: Event) -> None:
        """Take an event."""
        self._events.append(event)

    def timeline(self, account: Account) -> Timeline:
        """By time: the machine's monotonic clock is one for all processes."""
        return join(self._events, events_of(account, self._run_time))

    def _run_time(self, monotonic_us: int) -> int:
        began_us = self.clock.began_ns / 1_000
        return round((monotonic_us - began_us) * self._plan.options.time_scale)

    def edge_events(self) -> list[Event]:
        """What the edge reported, on the run's axis."""
        path = self._folder / "edge.jsonl"
        if not path.exists():
            return []
        decoder = msgspec.json.Decoder(Event)
        raw = [decoder.decode(line) for line in path.read_bytes().splitlines() if line]
        return [
            msgspec.structs.replace(event, at=self._run_time(event.at), data=self._unscaled(event.data))
            for event in raw
        ]

    def _unscaled(self, data: dict[str, str | int | bool]) -> dict[str, str | int | bool]:
        scale = self._plan.options.time_scale
        return {key: round(value * scale) if key.endswith("_us") else value for key, value in data.items()}  # type: ignore[operator] # *_us are numbers

    def crash(self) -> str:
        """The end of a child's log that holds a traceback: a bug of ours, whatever was seen on the wire."""
        for role in ("edge", "origin") if self._target.is_ours else ("edge",):
            path = self._folder / f"{role}.log"
            text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
            if "Traceback (most recent call last)" in text:
                return f"{role}: {text.strip()[-CRASH_SHOWN:]}"
        return ""

    def lost(self) -> str:
        """Which process of ours has ended that nobody here ended, and the last line of its log; '' = none."""
        for role, process in (("edge", self._edge), ("origin", self._origin)):
            if process is not None and process.is_lost:
                last = log_tail(self._folder / f"{role}.log").splitlines()[-1]
                return (
                    f"{role}: has ended in the middle of the run, killed or by itself; run it again ({last})"
                )
        return ""

    async def close(self) -> None:
        """End both processes."""
        for process in (self._edge, self._origin):
            if process is not None:
                await process.stop()


@contextlib.asynccontextmanager
async def real_stage(plan: Plan) -> AsyncIterator[RealStage]:
    """A stage that is gone afterwards, whatever happens in between."""
    scaled = msgspec.structs.replace(plan, scenario=scaled_scenario(plan.scenario, plan.options.time_scale))
    where = _memory_folder() if plan.options.time_scale > 1 else None
    with own_folder(where) as folder:
        stage = RealStage(scaled, folder)
        try:
            await stage.open()
            yield stage
        finally:
            await stage.close()


def _memory_folder() -> Path | None:
    """Where time is scaled, a disk is not: a commit that takes 100 ms would be 5 s late at scale 50. A user's
    own TMPDIR goes before.
    """
    is_free = "TMPDIR" not in os.environ and os.access(SHARED_MEMORY, os.W_OK)
    return SHARED_MEMORY if is_free else None
