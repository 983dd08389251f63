"""The virtual clock jumps exactly, in order, and a run that can't go on or was not clean says so."""

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable

import pytest

from firstbyte.harness.clock import Clock
from firstbyte.harness.model.units import seconds
from firstbyte.harness.sim import Livelock, OutOfTime, Sim, SimError, Stalled, Unfinished, Unhandled, run_sim


def test_a_hundred_seconds_pass_at_once_and_exactly() -> None:
    async def main(sim: Sim) -> tuple[int, float]:
        await asyncio.sleep(100)
        return sim.clock.now(), asyncio.get_running_loop().time()

    assert run_sim(main) == (100_000_000, 100.0)


def test_time_does_not_drift_over_many_small_steps() -> None:
    async def main(sim: Sim) -> int:
        for _ in range(1_000):
            await asyncio.sleep(0.1)
        return sim.clock.now()

    assert run_sim(main) == 100_000_000


def test_timers_of_one_microsecond_fire_in_the_order_they_were_set() -> None:
    async def main(sim: Sim) -> list[str]:
        fired: list[str] = []
        loop = asyncio.get_running_loop()
        loop.call_at(0.3, fired.append, "first set")
        loop.call_later(0.1 + 0.2, fired.append, "0.1 + 0.2 is the same microsecond")
        loop.call_later(0.2, fired.append, "earlier")
        sim.loop.call_at_us(300_000, fired.append, "in microseconds")
        loop.call_later(0.3, fired.append, "cancelled").cancel()
        await asyncio.sleep(1)
        return fired

    expected = ["earlier", "first set", "0.1 + 0.2 is the same microsecond", "in microseconds"]
    assert run_sim(main) == expected


def test_a_timer_tells_when_it_is_due() -> None:
    async def main(_sim: Sim) -> float:
        return asyncio.get_running_loop().call_later(2.5, print).when()

    assert run_sim(main) == 2.5


def test_cancelled_timers_neither_pile_up_nor_make_time_pass() -> None:
    async def main(sim: Sim) -> int:
        loop = asyncio.get_running_loop()
        for _ in range(10_000):
            loop.call_later(500, print).cancel()
        await asyncio.sleep(1)
        assert len(sim.loop._timers) < 200
        return sim.clock.now()

    assert run_sim(main) == 1_000_000


def test_asyncio_timeouts_fire_at_their_microsecond() -> None:
    async def main(sim: Sim) -> int:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(99.999999):
                await asyncio.sleep(100)
        return sim.clock.now()

    assert run_sim(main) == 99_999_999


def test_settle_finishes_the_moment_and_lets_no_time_pass() -> None:
    async def main(sim: Sim) -> tuple[list[int], int]:
        seen: list[int] = []

        async def chain() -> None:
            for step in range(5):
                seen.append(step)
                await asyncio.sleep(0)
            await asyncio.sleep(1)

        task = asyncio.ensure_future(chain())
        await sim.settle()
        settled = list(seen), sim.clock.now()
        await task
        return settled

    assert run_sim(main) == ([0, 1, 2, 3, 4], 0)


def test_what_is_called_last_comes_after_all_else_of_its_moment_and_before_time_passes() -> None:
    async def main(sim: Sim) -> list[tuple[str, int]]:
        done: list[tuple[str, int]] = []

        def note(what: str) -> None:
            done.append((what, sim.clock.now()))

        async def many_turns() -> None:
            for _ in range(100):
                await asyncio.sleep(0)
            note("a hundred turns")

        sim.loop.call_last(note, "last")
        sim.loop.call_last(note, "cancelled").cancel()
        asyncio.get_running_loop().call_later(0.1, note, "later")
        task = asyncio.create_task(many_turns())
        await sim.settle()
        note("settled")
        await asyncio.sleep(1)
        await task
        return done

    assert run_sim(main) == [("a hundred turns", 0), ("last", 0), ("settled", 0), ("later", 100_000)]


def test_the_result_and_the_error_of_main_come_through() -> None:
    async def returns(sim: Sim) -> int:
        return sim.random.randrange(10**9)

    async def raises(_sim: Sim) -> None:
        raise LookupError("mine")

    assert run_sim(returns, seed=7) == run_sim(returns, seed=7) != run_sim(returns, seed=8)
    with pytest.raises(LookupError, match="mine"):
        run_sim(raises)


def test_the_clock_is_one_of_the_harness() -> None:
    async def main(sim: Sim) -> int:
        clock: Clock = sim.clock
        await asyncio.sleep(4)
        return clock.now()

    assert run_sim(main) == 4_000_000


async def _waits_for_a_future(_sim: Sim) -> None:
    await asyncio.get_running_loop().create_future()


async def _waits_for_a_lock(_sim: Sim) -> None:
    lock = asyncio.Lock()
    await lock.acquire()
    await lock.acquire()


async def _waits_for_an_event(_sim: Sim) -> None:
    await asyncio.Event().wait()


async def _waits_for_a_queue(_sim: Sim) -> None:
    await asyncio.Queue[int]().get()


async def _waits_for_a_task(_sim: Sim) -> None:
    await asyncio.create_task(asyncio.Event().wait(), name="the other")


async def _waits_for_several(_sim: Sim) -> None:
    await asyncio.gather(asyncio.create_task(asyncio.Event().wait(), name="one of them"), asyncio.sleep(1))


async def _waits_for_bytes(sim: Sim) -> None:
    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def serve() -> asyncio.Server:
        return await asyncio.start_server(silent, "origin", 80)

    await sim.network.host("origin").start(serve())
    reader, _ = await asyncio.open_connection("origin", 80)
    await reader.readline()


async def _waits_for_room(sim: Sim) -> None:
    async def deaf(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async def serve() -> asyncio.Server:
        return await asyncio.start_server(deaf, "origin", 80)

    await sim.network.host("origin").start(serve())
    _, writer = await asyncio.open_connection("origin", 80)
    writer.write(bytes(10**6))
    await writer.drain()


async def _waits_for_a_connection(_sim: Sim) -> None:
    await asyncio.open_connection("blackhole", 443)


STALLS: dict[Callable[[Sim], Awaitable[None]], list[str]] = {
    _waits_for_a_future: ["task 'main'", "_waits_for_a_future (", "a future that nobody has resolved"],
    _waits_for_a_lock: ["Lock.acquire of Lock"],
    _waits_for_an_event: ["Event.wait of Event"],
    _waits_for_a_queue: ["Queue.get of Queue"],
    _waits_for_a_task: ["waits for task 'the other'", "task 'the other'", "Event.wait of Event"],
    _waits_for_several: ["at 1.000000 s", "waits for all of task 'one of them'"],
    _waits_for_bytes: [
        "main: task 'main'",
        "bytes on <connection 1, main's end 10.0.0.1:49152 to 10.0.0.2:80, open, 0 B to read",
        "origin: task",
        "bytes on <connection 1, origin's end 10.0.0.2:80 to 10.0.0.1:49152",
    ],
    _waits_for_room: ["room to write on <connection 1, main's end", "B to send>"],
    _waits_for_a_connection: ["a connection to blackhole:443"],
}


@pytest.mark.parametrize(("main", "told"), STALLS.items(), ids=[each.__name__ for each in STALLS])
def test_a_stall_names_who_waits_for_what(main: Callable[[Sim], Awaitable[None]], told: list[str]) -> None:
    with pytest.raises(Stalled) as caught:
        run_sim(main)
    message = str(caught.value)
    assert [part for part in told if part not in message] == [], message
    assert "test_loop.py:" in message


def test_a_run_past_its_virtual_budget_names_who_still_sleeps() -> None:
    async def main(_sim: Sim) -> None:
        await asyncio.sleep(601)

    with pytest.raises(OutOfTime, match=r"601\.000000 s, past max_virtual \(600s\)[^$]*a sleep of 601 s"):
        run_sim(main, max_virtual=seconds(600))


def test_work_that_keeps_itself_busy_is_a_livelock() -> None:
    async def main(_sim: Sim) -> None:
        while True:  # noqa: ASYNC110  # the livelock itself
            await asyncio.sleep(0)

    with pytest.raises(Livelock, match=r"1000 turns without any time passing[^$]*task 'main'"):
        run_sim(main, max_turns=1_000)


def test_many_turns_are_no_livelock_when_time_passes() -> None:
    async def main(_sim: Sim) -> None:
        for _ in range(5_000):
            await asyncio.sleep(0.001)

    run_sim(main, max_turns=10)


def test_a_task_left_running_is_named() -> None:
    async def main(_sim: Sim) -> None:
        main_task.append(asyncio.create_task(asyncio.sleep(5), name="forgotten"))

    main_task: list[asyncio.Task[None]] = []
    with pytest.raises(Unfinished, match=r"left 1 tasks[^$]*'forgotten'"):
        run_sim(main)


def test_an_exception_nobody_asked_for_ends_the_run() -> None:
    async def fail() -> None:
        raise LookupError("lost")

    async def in_a_task(_sim: Sim) -> None:
        kept.append(asyncio.create_task(fail(), name="failing"))

    async def in_a_callback(_sim: Sim) -> None:
        asyncio.get_running_loop().call_soon([].pop)

    kept: list[asyncio.Task[None]] = []
    with pytest.raises(Unhandled, match="task 'failing' failed and nobody asked") as caught:
        run_sim(in_a_task)
    assert isinstance(caught.value.__cause__, LookupError)
    with pytest.raises(Unhandled, match="pop from empty list"):
        run_sim(in_a_callback)


async def test_a_run_inside_a_running_loop_is_refused() -> None:
    async def main(_sim: Sim) -> None:
        return None

    with pytest.raises(SimError, match="called in a running event loop"):
        run_sim(main)


@pytest.mark.parametrize("fails", [False, True])
def test_a_run_leaves_the_process_as_it_was(fails: bool) -> None:
    async def main(_sim: Sim) -> None:
        asyncio.get_running_loop().call_later(1, print)
        if fails:
            await asyncio.Event().wait()

    before = gc.isenabled(), sys.get_asyncgen_hooks(), sys.exc_info()
    if fails:
        with pytest.raises(Stalled):
            run_sim(main)
    else:
        run_sim(main)
    assert (gc.isenabled(), sys.get_asyncgen_hooks(), sys.exc_info()) == before
    asyncio.run(asyncio.sleep(0))


def test_task_names_do_not_depend_on_earlier_runs() -> None:
    async def main(_sim: Sim) -> str:
        return await asyncio.create_task(named())

    async def named() -> str:
        task = asyncio.current_task()
        return task.get_name() if task else ""

    assert run_sim(main) == run_sim(main)


def test_a_task_group_cancels_in_the_same_order_in_every_run() -> None:
    async def main(_sim: Sim) -> list[int]:
        order: list[int] = []

        async def member(number: int) -> None:
            try:
                await asyncio.sleep(10)
            finally:
                order.append(number)

        async def members() -> None:
            async with asyncio.TaskGroup() as group:
                for number in range(40):
                    group.create_task(member(number))

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(members(), 1)
        return order

    litter: list[object] = []
    orders = set()
    for run in range(20):
        orders.add(tuple(run_sim(main)))
        litter.append(bytearray(run * 1_000))
    assert len(orders) == 1
