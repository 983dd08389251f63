"""The process of an edge collects garbage: little often, everything while nobody waits."""

import asyncio
import gc
from collections.abc import Iterator

import pytest

from firstbyte.collector import MOST_ENDED, PAUSE_SECONDS, IdleCollector
from firstbyte.harness.sim import Sim, run_sim


@pytest.fixture(autouse=True)
def own_collector() -> Iterator[None]:
    """The collector as it was, afterwards."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def sweeps(ended: int, *, idle: bool) -> int:
    """Full collections within two looks, after so many exchanges."""
    seen: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "stop" and info["generation"] == 2:
            seen.append(1)

    async def main(_sim: Sim) -> None:
        collector = IdleCollector(lambda: idle)
        collector.start(asyncio.get_running_loop())
        for _ in range(ended):
            collector.count_ended()
        await asyncio.sleep(2.5 * PAUSE_SECONDS)
        collector.stop()

    gc.callbacks.append(note)
    try:
        run_sim(main)
    finally:
        gc.callbacks.remove(note)
    return len(seen)


CASES = [
    pytest.param(0, True, 0, id="nothing ended"),
    pytest.param(1, True, 1, id="idle"),
    pytest.param(MOST_ENDED - 1, False, 0, id="busy"),
    pytest.param(MOST_ENDED, False, 1, id="busy for long"),
]


@pytest.mark.parametrize(("ended", "idle", "expected"), CASES)
def test_everything_is_swept_while_nobody_waits(ended: int, idle: bool, expected: int) -> None:
    assert sweeps(ended, idle=idle) == expected
