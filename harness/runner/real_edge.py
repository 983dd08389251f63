"""The edge of a run in real mode: one process for all hops of the chain."""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from firstbyte.harness.files.loader import LoadedProfile
from firstbyte.harness.model.timeline import Event
from firstbyte.harness.process.child import Child, start_child
from firstbyte.harness.targets.target import LOOPBACK


class RealEdge:
    """The process, which writes what it saw to a file in the run's folder."""

    def __init__(self, child: Child, events: Path, time_scale: float) -> None:
        self._child = child
        self._events = events
        self._time_scale = time_scale

    def __repr__(self) -> str:
        return f"<RealEdge {self._child}>"

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens, on loopback."""
        return self._child.address

    @property
    def pids(self) -> tuple[int, ...]:
        """Its process, as long as it runs."""
        return (self._child.pid,) if self._child.is_running else ()

    @property
    def is_lost(self) -> bool:
        """It has ended, and nobody here has ended it."""
        return self._child.is_lost

    def events(self, run_time: Callable[[int], int]) -> list[Event]:
        """What it saw. run_time: turns microseconds of the monotonic clock into those of the run."""
        if not self._events.exists():
            return []
        decoder = msgspec.json.Decoder(Event)
        raw = [decoder.decode(line) for line in self._events.read_bytes().splitlines() if line]
        return [
            msgspec.structs.replace(event, at=run_time(event.at), data=self._unscaled(event.data))
            for event in raw
        ]

    def _unscaled(self, data: dict[str, str | int | bool]) -> dict[str, str | int | bool]:
        scale = self._time_scale
        return {key: round(value * scale) if key.endswith("_us") else value for key, value in data.items()}  # type: ignore[operator] # *_us are numbers

    async def stop(self) -> None:
        """End the process."""
        await self._child.stop()


async def start_edge(
    hops: Sequence[LoadedProfile], upstream: tuple[str, int], folder: Path, time_scale: float
) -> RealEdge:
    """Start the edge in front of `upstream`; its profiles, its log and its events are in `folder`."""
    events = folder / "edge.jsonl"
    profiles = ",".join(_written(folder / f"edge-{number}.json", hop) for number, hop in enumerate(hops))
    arguments = ["--upstream", f"http://{upstream[0]}:{upstream[1]}", "--profile", profiles]
    arguments += ["--listen", f"{LOOPBACK}:0", "--time-scale", str(time_scale)]
    arguments += ["--quiet", "--ready-json", "--events", str(events)]
    child = await start_child("edge", "firstbyte.proxies.program.main", arguments, folder)
    return RealEdge(child, events, time_scale)


def _written(path: Path, hop: LoadedProfile) -> str:
    """Write the profile as the plan has it, with all changes."""
    path.write_bytes(msgspec.json.encode(hop.raw))
    return str(path)
