"""The machine's clocks tell virtual time to who runs in a simulation, under every name that they have."""

import asyncio
import datetime
import random  # noqa: TID251 - the subject
import threading
import time
from collections.abc import Callable
from time import monotonic as imported

import pytest

from firstbyte.harness.sim import Sim, run_sim


def by_default(clock: Callable[[], float] = time.monotonic) -> float:
    return clock()


CLOCKS: dict[str, tuple[Callable[[], object], object, object]] = {
    "time": (time.time, 1767225600.0, 1767225603.25),  # noqa: TID251 - the subject, here and below
    "time_ns": (time.time_ns, 1767225600 * 10**9, 1767225603_250_000_000),
    "monotonic": (time.monotonic, 0.0, 3.25),
    "monotonic, imported": (imported, 0.0, 3.25),
    "monotonic, by default": (by_default, 0.0, 3.25),
    "monotonic_ns": (time.monotonic_ns, 0, 3_250_000_000),
    "perf_counter": (time.perf_counter, 0.0, 3.25),  # noqa: TID251
    "perf_counter_ns": (time.perf_counter_ns, 0, 3_250_000_000),
    "now": (
        lambda: datetime.datetime.now(datetime.UTC).isoformat(),  # noqa: TID251
        "2026-01-01T00:00:00+00:00",
        "2026-01-01T00:00:03.250000+00:00",
    ),
    "utcnow": (
        lambda: datetime.datetime.utcnow().isoformat(),  # noqa: DTZ003, TID251
        "2026-01-01T00:00:00",
        "2026-01-01T00:00:03.250000",
    ),
    "today": (lambda: datetime.date.today().isoformat(), "2026-01-01", "2026-01-01"),  # noqa: DTZ011, TID251
    "the loop": (lambda: asyncio.get_running_loop().time(), 0.0, 3.25),
}


@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
@pytest.mark.parametrize(("clock", "first", "then"), CLOCKS.values(), ids=CLOCKS)
def test_a_clock_tells_virtual_time(clock: Callable[[], object], first: object, then: object) -> None:
    async def main(_sim: Sim) -> tuple[object, object]:
        before = clock()
        await asyncio.sleep(3.25)
        return before, clock()

    assert run_sim(main, machine_time=True) == (first, then)


def test_threads_of_the_simulation_see_it_too() -> None:
    async def main(_sim: Sim) -> float:
        await asyncio.sleep(2)
        return await asyncio.to_thread(time.monotonic)

    assert run_sim(main, machine_time=True) == 2.0


def test_other_threads_keep_the_real_monotonic_clock() -> None:
    seen: list[float] = []
    go, done = threading.Event(), threading.Lock()
    done.acquire()

    def look() -> None:
        go.wait(10)
        seen.append(time.monotonic())
        done.release()

    async def main(_sim: Sim) -> None:
        await asyncio.sleep(3)
        go.set()
        done.acquire(timeout=10)

    before = time.monotonic()
    other = threading.Thread(target=look)
    other.start()
    run_sim(main, machine_time=True)
    other.join()
    assert before <= seen[0] <= time.monotonic()


def test_the_clocks_are_real_again_afterwards() -> None:
    async def main(_sim: Sim) -> None:
        await asyncio.sleep(1_000)

    before = time.monotonic(), time.perf_counter_ns(), time.time()  # noqa: TID251
    run_sim(main, machine_time=True)
    after = time.monotonic(), time.perf_counter_ns(), time.time()  # noqa: TID251
    assert all(0 <= late - early < 900_000_000_000 for early, late in zip(before, after, strict=True))
    assert after[0] - before[0] < 900


def test_random_draws_from_the_seed_and_is_put_back() -> None:
    async def main(_sim: Sim) -> float:
        return random.random()

    random.seed(11)
    expected = random.random()
    random.seed(11)
    assert run_sim(main, machine_time=True, seed=1) == run_sim(main, machine_time=True, seed=1)
    assert run_sim(main, machine_time=True, seed=1) != run_sim(main, machine_time=True, seed=2)
    assert random.random() == expected


def test_a_backoff_by_the_clock_and_by_chance_repeats_itself() -> None:
    async def main(_sim: Sim) -> tuple[float, ...]:
        end, tries = time.monotonic() + 30, []
        while time.monotonic() < end:
            tries.append(time.monotonic())
            await asyncio.sleep(random.uniform(0, 2 ** len(tries)))
        return tuple(tries)

    assert len({run_sim(main, machine_time=True) for _ in range(50)}) == 1
