"""The processes of a run in real mode: an origin and, unless the scenario runs without one, an edge."""

from pathlib import Path

from firstbyte.harness.model.scenario_ops import scaled_shape
from firstbyte.harness.model.units import Duration
from firstbyte.harness.problems import SetupFailed
from firstbyte.harness.process.child import Child, log_tail
from firstbyte.harness.runner.machine import SchedulerDelay, waited_for_disk
from firstbyte.harness.runner.plan import Plan
from firstbyte.harness.runner.real_edge import start_edge
from firstbyte.harness.targets.target import LOOPBACK, Job, Origin

CRASH_SHOWN = 1_500
"""Characters of a log with a traceback that are shown."""


class RealProcesses:
    """Starts and ends them, and says what happened to them that the wire does not show.

    front: where the client connects. back: the origin itself. folder: the run's own.
    """

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.front = self.back = (LOOPBACK, 0)
        self.folder = folder
        self._plan = plan
        self._origin: Origin | None = None
        self._edge: Child | None = None
        self._delay = SchedulerDelay()

    def __repr__(self) -> str:
        return f"<RealProcesses {self._origin} {self._edge}>"

    async def start(self) -> None:
        """Start the origin, then the edge."""
        plan = self._plan
        time_scale = plan.options.time_scale
        job = Job(
            scenario=plan.scenario,
            folder=self.folder,
            time_scale=time_scale,
            shape=scaled_shape(plan.shape, time_scale) if plan.shape else None,
        )
        self._origin = await plan.target.start(job)
        self.back = self.front = self._origin.address
        if plan.hops:
            self._edge = await start_edge(plan.hops, self.back, self.folder, time_scale)
            self.front = self._edge.address

    @property
    def origin(self) -> Origin:
        """The origin. Raises SetupFailed when it was never started."""
        if self._origin is None:
            raise SetupFailed("origin: was never started")
        return self._origin

    def waited(self) -> Duration:
        """The wall time that the processes have waited for a processor so far, together."""
        pids = self._origin.pids if self._origin is not None and self._origin.is_running else ()
        if self._edge is not None and self._edge.is_running:
            pids = (*pids, self._edge.pid)
        return self._delay.until_now(pids)

    def waited_for_disk(self) -> Duration:
        """The wall time for which an exchange waits for our server's disk; 0 for what stores nothing."""
        return waited_for_disk(self.folder) if (self.folder / "data").exists() else Duration(0)

    def crash(self) -> str:
        """The end of a log that holds a traceback: a bug of ours, whatever was seen on the wire."""
        for role in ("edge", "origin") if self._plan.target.is_ours else ("edge",):
            path = self.folder / f"{role}.log"
            text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
            if "Traceback (most recent call last)" in text:
                return f"{role}: {text.strip()[-CRASH_SHOWN:]}"
        return ""

    def lost(self) -> str:
        """The process that ended unexpectedly, with its last log line, or '' if none did."""
        for role, process in (("edge", self._edge), ("origin", self._origin)):
            if process is not None and process.is_lost:
                last = log_tail(self.folder / f"{role}.log").splitlines()[-1]
                return (
                    f"{role}: has ended in the middle of the run, killed or by itself; run it again ({last})"
                )
        return ""

    async def stop(self) -> None:
        """End the processes."""
        for process in (self._edge, self._origin):
            if process is not None:
                await process.stop()
