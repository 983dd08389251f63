"""What it costs to predict for every edge, beside a bare exchange in virtual time."""

import json
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks.figures import Figure, at_most, ratios, spread
from benchmarks.plays import BARE, plays
from benchmarks.rounds import in_rounds
from benchmarks.simulation import HOW_BARE, WARM_UP, microseconds
from firstbyte.harness.model.recording import Answered, Finish, Received, Recording
from firstbyte.harness.probe.edges import chosen_edges, judge_recording
from firstbyte.harness.probe.har import examine_entry, read_har

GOAL = 4.0
FEW = 100
FILES = 10
"""So often the file of 100 entries is read in a round."""
HOW = f"with every value of an unknown key; beside {HOW_BARE}"


def measure(rounds: int, each: int, *, entries: int) -> Iterator[Figure]:
    """In each round `each` bare exchanges and predictions, then HAR files of 100 and of `entries` entries."""
    edges = chosen_edges(())
    with tempfile.TemporaryDirectory() as folder:
        few, many = (_write_har(Path(folder), number) for number in (FEW, entries))
        measured: dict[str, tuple[Callable[[], object], int, int]] = {
            "bare": (plays()[BARE], each, 1),
            "edges": (partial(judge_recording, _plain_recording(), edges), each, 1),
            "few": (partial(_examine, few, edges), FILES, FEW),
            "many": (partial(_examine, many, edges), 1, entries),
        }
        for name, times in (("bare", WARM_UP), ("edges", WARM_UP), ("few", 1)):
            microseconds(measured[name][0], times)
        taken = in_rounds(rounds, {name: partial(_each, *measure) for name, measure in measured.items()})
    one = f"{len(edges)} edges from one recording of a plain early answer"
    yield _beside_bare("edges", one, taken["edges"], taken["bare"])
    entry = f"an entry of a HAR file, {len(edges)} edges"
    yield _beside_bare("har", f"{entry}, {FEW} entries", taken["few"], taken["bare"])
    yield Figure(
        id=f"predict.har.{entries}", what=f"{entry}, {entries:,} entries", unit="µs",
        value=spread(taken["many"]), beside=f"one of {FEW}", ratio=ratios(taken["many"], taken["few"]),
        how="1.00 x: the cost is linear",
    )  # fmt: skip


def _each(work: Callable[[], object], times: int, size: int) -> float:
    return microseconds(work, times) / size


def _beside_bare(name: str, what: str, samples: list[float], bare: list[float]) -> Figure:
    return Figure(
        id=f"predict.{name}", what=what, unit="µs",
        value=spread(samples), beside=BARE, ratio=ratios(samples, bare),
        goal=f"{GOAL:g} x {BARE}", met=at_most(samples, [GOAL * one for one in bare]), how=HOW,
    )  # fmt: skip


def _plain_recording() -> Recording:
    """A complete answer after a millisecond."""
    part = Received(at=1_000, data=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    answer = Answered(parts=(part,), finish=Finish.KEPT, finished_at=part.at)
    return Recording(method="GET", path="/", answer=answer)


def _examine(path: Path, edges: tuple[str, ...]) -> object:
    return [examine_entry(entry, edges, "entry") for entry in read_har(path)]


def _write_har(folder: Path, number: int) -> Path:
    """A file of so many plain early answers, as a browser writes them."""
    entries = [
        {
            "request": {
                "method": "GET",
                "url": f"https://app.test/items/{one}",
                "headers": [],
                "bodySize": 0,
            },
            "response": {
                "status": 200,
                "headers": [{"name": "content-type", "value": "application/json"}],
                "content": {"size": 500 + one % 100},
            },
            "timings": {
                "dns": -1,
                "connect": -1,
                "ssl": -1,
                "send": 0.1,
                "wait": 10 + one % 50,
                "receive": 2,
            },
        }
        for one in range(number)
    ]
    file = folder / f"{number}.har"
    file.write_text(json.dumps({"log": {"version": "1.2", "creator": {}, "entries": entries}}))
    return file
