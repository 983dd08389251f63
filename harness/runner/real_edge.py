"""The edge of a run in real mode: one process for all hops, which writes what it saw to a file."""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from firstbyte.harness.files.loader import LoadedProfile
from firstbyte.harness.model.timeline import Event
from firstbyte.harness.process.child import Child, start_child
from firstbyte.harness.targets.target import LOOPBACK

_EVENTS = "edge.jsonl"


async def start_edge(
    hops: Sequence[LoadedProfile], upstream: tuple[str, int], folder: Path, time_scale: float
) -> Child:
    """Start the edge in front of `upstream`; its profiles, its log and its events are in `folder`."""
    profiles = ",".join(_written(folder / f"edge-{number}.json", hop) for number, hop in enumerate(hops))
    arguments = ["--upstream", f"http://{upstream[0]}:{upstream[1]}", "--profile", profiles]
    arguments += ["--listen", f"{LOOPBACK}:0", "--time-scale", str(time_scale)]
    arguments += ["--quiet", "--ready-json", "--events", str(folder / _EVENTS)]
    return await start_child("edge", "firstbyte.proxies.program.main", arguments, folder)


def read_events(folder: Path, time_scale: float, run_time: Callable[[int], int]) -> list[Event]:
    """What the edge saw; complete once it has ended. run_time: turns microseconds of the monotonic clock into
    those of the run.
    """
    path = folder / _EVENTS
    if not path.exists():
        return []
    decoder = msgspec.json.Decoder(Event)
    raw = [decoder.decode(line) for line in path.read_bytes().splitlines() if line]
    return [
        msgspec.structs.replace(event, at=run_time(event.at), data=_unscaled(event.data, time_scale))
        for event in raw
    ]


def _unscaled(data: dict[str, str | int | bool], scale: float) -> dict[str, str | int | bool]:
    return {key: round(value * scale) if key.endswith("_us") else value for key, value in data.items()}  # type: ignore[operator] # *_us are numbers


def _written(path: Path, hop: LoadedProfile) -> str:
    """Write the profile as the plan has it, with all changes."""
    path.write_bytes(msgspec.json.encode(hop.raw))
    return str(path)
