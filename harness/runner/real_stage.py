"""The real stage: origin and edge are processes on loopback, time is the wall's, divided by the time scale.

It must never listen anywhere but on loopback, and never leave a process or a folder behind.
"""

import asyncio
import contextlib
import os
import secrets
import string
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from firstbyte.harness.client.ask import ask, create_session
from firstbyte.harness.clock import RealClock, wall_ms
from firstbyte.harness.origin.account import Account, events_of, read_account
from firstbyte.harness.problems import SetupFailed
from firstbyte.harness.runner.machine import waited_for_processor
from firstbyte.harness.runner.plan import Plan
from firstbyte.harness.runner.processes import Child, start_child
from firstbyte.harness.scenario import ServerOrigin
from firstbyte.harness.scenario_ops import scaled_scenario, scaled_shape
from firstbyte.harness.timeline import Event, Timeline, join
from firstbyte.harness.units import Duration, as_seconds, format_duration
from firstbyte.harness.wire import Shape

LOOPBACK = "127.0.0.1"
POLL = Duration(50_000)
CRASH_SHOWN = 1_500
SHARED_MEMORY = Path("/dev/shm")
_BASE62 = string.digits + string.ascii_letters


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
        self._origin: Child | None = None
        self._edge: Child | None = None

    def __repr__(self) -> str:
        return f"<RealStage {self._plan.name} {self._origin} {self._edge}>"

    def token(self, length: int) -> str:
        """Random base62 characters for ids."""
        return "".join(secrets.choice(_BASE62) for _ in range(length))

    def wall_ms(self) -> int:
        """Unix milliseconds."""
        return wall_ms()

    async def open(self) -> None:
        """Start origin, then edge; then the run's time begins."""
        await self._start_origin(0)
        self.back = self.front = self._up().address
        if self._plan.hops:
            self._edge = await start_child(
                "edge", "firstbyte.proxies.main", self._edge_arguments(), self._folder
            )
            self.front = self._edge.address
        self.clock = RealClock(scale=self._plan.options.time_scale)

    def waited(self) -> Duration:
        """The wall time that origin and edge have waited for a processor so far, together."""
        running = [child for child in (self._edge, self._origin) if child is not None and child.is_running]
        return Duration(sum(waited_for_processor(child.pid) for child in running))

    async def _start_origin(self, port: int) -> None:
        origin = self._plan.scenario.origin
        if isinstance(origin, ServerOrigin):
            module, arguments = "firstbyte.reference_server.main", _server_arguments(origin, self._folder)
        else:
            module, arguments = "firstbyte.harness.origin.shape_main", self._shape_arguments()
        listen = ["--listen", f"{LOOPBACK}:{port}"]
        self._origin = await start_child("origin", module, [*listen, *arguments], self._folder)

    def _shape_arguments(self) -> list[str]:
        shape = self._plan.shape
        assert shape is not None
        path = self._folder / "shape.json"
        path.write_bytes(encode_shape(scaled_shape(shape, self._plan.options.time_scale)))
        return ["--shape", str(path)]

    def _edge_arguments(self) -> list[str]:
        profiles = ",".join(str(hop.path) for hop in self._plan.hops)
        arguments = ["--upstream", f"http://{self.back[0]}:{self.back[1]}", "--profile", profiles]
        arguments += ["--listen", f"{LOOPBACK}:0", "--time-scale", str(self._plan.options.time_scale)]
        arguments += ["--quiet", "--ready-json", "--events", str(self._folder / "edge.jsonl")]
        expect = self._plan.expect
        for key, value in (expect.set if expect else {}).items():
            arguments += ["--set", f"{key}={msgspec.json.encode(value).decode()}"]
        return arguments

    def _up(self) -> Child:
        if self._origin is None or not self._origin.is_running:
            raise SetupFailed("origin: is not running; the script killed it and asks it something")
        return self._origin

    def is_origin_up(self) -> bool:
        """It has been started and not killed since."""
        return self._origin is not None and self._origin.is_running

    async def pause(self, duration: Duration) -> None:
        """Wait; the duration is already scaled."""
        await asyncio.sleep(as_seconds(duration))

    async def create_session(self) -> str:
        """Ask the origin for one."""
        return await create_session(self.back)

    async def account(self) -> Account:
        """Ask the origin."""
        reply = await ask(self.back, "GET", "/_firstbyte/ledger")
        return read_account(reply.body)

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
        """On the same folder and port."""
        await self._start_origin(self.back[1])

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
        for role in ("edge", "origin"):
            path = self._folder / f"{role}.log"
            text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
            if "Traceback (most recent call last)" in text:
                return f"{role}: {text.strip()[-CRASH_SHOWN:]}"
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
    with tempfile.TemporaryDirectory(prefix="firstbyte-", ignore_cleanup_errors=True, dir=where) as name:
        stage = RealStage(scaled, Path(name))
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


def _server_arguments(origin: ServerOrigin, folder: Path) -> list[str]:
    script = folder / "model.toml"
    script.write_text(_model_script(origin), encoding="utf-8")
    return [
        *("--handler", origin.handler, "--api", origin.api, "--data", str(folder / "data")),
        *("--model-script", str(script), "--persist-delay", format_duration(origin.persist_delay)),
        *("--heartbeat", format_duration(origin.heartbeat), "--on-client-gone", origin.on_client_gone),
    ]


def _model_script(origin: ServerOrigin) -> str:
    model = origin.model
    lines = [
        "[[turn]]",
        f'delay = "{format_duration(model.delay)}"',
        f'gap = "{format_duration(model.token_gap)}"',
    ]
    lines.append(f"text = {msgspec.json.encode(model.text).decode()}")
    if model.fails:
        lines += ['failure = "error"', f"message = {msgspec.json.encode(model.fails).decode()}"]
    return "\n".join(lines) + "\n"


def encode_shape(shape: Shape) -> bytes:
    """The JSON `decode_shape` reads; durations as microseconds."""
    return msgspec.json.encode(shape, enc_hook=int)
