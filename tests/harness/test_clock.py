"""Clocks stamp in unscaled microseconds, and a held timer fires when told and only then."""

import asyncio

from firstbyte.harness.clock import Clock, HeldClock, RealClock, monotonic_ns
from firstbyte.harness.model.units import seconds
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


async def test_a_real_clock_calls_back_after_its_own_scaled_delay() -> None:
    clock: Clock = RealClock(scale=1_000)
    fired = asyncio.Event()
    before = monotonic_ns()
    clock.call_later(seconds(5), fired.set).cancel()
    clock.call_later(seconds(0.005), fired.set)
    await fired.wait()
    assert monotonic_ns() - before >= 4_900_000
    assert clock.now() >= 4_900_000


def test_a_held_timer_fires_when_told_and_once() -> None:
    async def main(sim: Sim) -> list[str]:
        fired: list[str] = []
        clock = HeldClock(sim.clock)
        held: Clock = clock
        first = clock.call_later(seconds(100), lambda: fired.append("first"))
        held.call_later(seconds(1), lambda: fired.append("cancelled")).cancel()
        await asyncio.sleep(1_000)
        assert fired == []
        assert held.now() == 1_000_000_000
        assert list(clock.held) == [first]
        assert repr(first) == "<HeldTimer of 100s, held>"
        first.expire()
        first.expire()
        first.cancel()
        assert repr(first) == "<HeldTimer of 100s, over>"
        assert repr(clock) == "<HeldClock 0 timers held>"
        return fired

    assert run_sim(main) == ["first"]


def test_the_virtual_clock_shows_its_time() -> None:
    async def main(sim: Sim) -> str:
        await asyncio.sleep(1.5)
        return repr(sim.clock)

    assert run_sim(main) == "<SimClock 1.500000s>"
