"""Clocks stamp in unscaled microseconds."""

import asyncio

from firstbyte.harness.clock import RealClock, monotonic_ns
from firstbyte.harness.sim import Sim, run_sim


def test_a_real_clock_multiplies_back_by_its_scale() -> None:
    began = monotonic_ns() - 2_000_000_000
    plain, scaled = RealClock(began_ns=began), RealClock(scale=50, began_ns=began)
    assert 2_000_000 <= plain.now() < 60_000_000
    assert 100_000_000 <= scaled.now() < 50 * 60_000_000
    assert "scale 50" in repr(scaled)


def test_a_real_clock_begins_at_zero_and_never_goes_back() -> None:
    clock = RealClock()
    stamps = [clock.now() for _ in range(1_000)]
    assert stamps == sorted(stamps)
    assert stamps[0] >= 0


def test_the_virtual_clock_shows_its_time() -> None:
    async def main(sim: Sim) -> str:
        await asyncio.sleep(1.5)
        return repr(sim.clock)

    assert run_sim(main) == "<SimClock 1.500000s>"
