"""When an edge's process looks for garbage: at little often, at everything while nobody waits."""

import asyncio
import gc
from collections.abc import Iterator

import pytest

from firstbyte.harness.sim import Sim, run_sim
from firstbyte.proxies.program.collector import MOST, PAUSE, Sweeper


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
        sweeper = Sweeper(lambda: idle)
        sweeper.start()
        for _ in range(ended):
            sweeper.ended()
        await asyncio.sleep(2.5 * PAUSE)
        sweeper.stop()

    gc.callbacks.append(note)
    try:
        run_sim(main)
    finally:
        gc.callbacks.remove(note)
    return len(seen)


CASES = [
    pytest.param(0, True, 0, id="nothing ended"),
    pytest.param(1, True, 1, id="idle"),
    pytest.param(MOST - 1, False, 0, id="busy"),
    pytest.param(MOST, False, 1, id="busy for long"),
]


@pytest.mark.parametrize(("ended", "idle", "expected"), CASES)
def test_everything_is_swept_while_nobody_waits(ended: int, idle: bool, expected: int) -> None:
    assert sweeps(ended, idle=idle) == expected
