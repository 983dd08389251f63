"""Plays a scenario with processes, waits for one event of it, and kills one of those processes right then.

Events are read where the processes write them, as they come: the edge's in its file, the origin's and the
model's in its database. Nothing here sleeps for a time it guessed. Whose process is whose stands in
/proc/PID/fd/2: each writes to the log of its role. The model lives in the origin's process.
"""

import asyncio
import os
import signal
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import msgspec

from firstbyte.harness.model.result import Run
from firstbyte.harness.runner.plan import Plan
from firstbyte.harness.runner.play import run_real

LOOK_SECONDS = 0.01
EDGE_EVENTS = "edge.jsonl"
DATABASE = Path("data") / "firstbyte.db"
OF_THE_MODEL = ("model-called", "first-token")


class Step(msgspec.Struct, frozen=True):
    """One event of the timeline, by who saw it."""

    actor: str
    kind: str

    def __str__(self) -> str:
        return f"{self.actor} {self.kind}"


STEPS = (
    Step("edge", "request-received"),
    Step("edge", "request-forwarded"),
    Step("origin", "arrived"),
    Step("origin", "admitted"),
    Step("origin", "persisted"),
    Step("model", "model-called"),
    Step("edge", "timer-fired"),
    Step("edge", "answered"),
    Step("model", "first-token"),
)
"""The events of act-1 but for its last one: a message is stored, worked on, and meanwhile answered for by the
edge.
"""


class Struck(msgspec.Struct, frozen=True, kw_only=True):
    """One run with a kill in it. pid: whom the kill met, 0 = the run was over. folders: what it left."""

    step: Step
    role: str
    pid: int
    run: Run
    folders: list[str]


async def strike(plan: Plan, step: Step, role: str, tmp: Path) -> Struck:
    """Play `plan` and kill -9 the process `role`, origin or edge, when `step` was written down.

    tmp: this run's own.
    """
    playing, folder = _begun(plan, tmp)
    while not playing.done() and step not in set(steps_in(folder)):
        await asyncio.wait({playing}, timeout=LOOK_SECONDS)
    pid = _kill(folder / f"{role}.log")
    run = await playing
    return Struck(step=step, role=role, pid=pid, run=run, folders=_left_in(tmp))


def _begun(plan: Plan, tmp: Path) -> tuple[asyncio.Task[Run], Path]:
    """The run and its folder."""
    tmp.mkdir()
    tempfile.tempdir = str(tmp)  # where a run that begins now makes its folder
    playing = asyncio.eager_task_factory(asyncio.get_running_loop(), run_real(plan))
    (folder,) = tmp.iterdir()
    return playing, folder


def _left_in(tmp: Path) -> list[str]:
    return sorted(map(str, tmp.iterdir()))


def steps_in(folder: Path) -> Iterator[Step]:
    """What has been written down in a run's folder."""
    with suppress(FileNotFoundError):
        for line in (folder / EDGE_EVENTS).read_bytes().splitlines():
            with suppress(msgspec.DecodeError):  # its end is still being written
                yield msgspec.json.decode(line, type=_Line).step
    yield from _ledger(folder / DATABASE)


class _Line(msgspec.Struct, frozen=True):
    actor: str
    kind: str

    @property
    def step(self) -> Step:
        return Step(self.actor, self.kind)


def _ledger(path: Path) -> Iterator[Step]:
    if not path.exists():
        return
    with (
        suppress(sqlite3.OperationalError),  # its tables are not there yet
        closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as disk,
    ):
        for (kind,) in disk.execute("SELECT event FROM ledger WHERE request = '1'").fetchall():
            yield Step("model" if kind in OF_THE_MODEL else "origin", kind)


def _kill(log: Path) -> int:
    pid = next((one for one in map(int, _pids()) if _writes_to(one) == log), 0)
    if pid:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return pid


def _pids() -> Iterator[str]:
    return (path.name for path in Path("/proc").iterdir() if path.name.isdigit())


def _writes_to(pid: int) -> Path | None:
    try:
        return Path(f"/proc/{pid}/fd/2").readlink()
    except OSError:
        return None


def is_alive(pid: int) -> bool:
    """It runs, or its parent has not taken note of its end."""
    return Path(f"/proc/{pid}").exists()
