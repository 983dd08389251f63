"""Threads in virtual time: they run one at a time, in the loop's order, and their sleeps take no time."""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio.from_thread
import anyio.to_thread
import pytest
from asgiref.sync import async_to_sync, sync_to_async

from firstbyte.harness.sim import Sim, SimError, run_sim, threads

RUNS = 1_000


def sleep(seconds: float) -> float:
    time.sleep(seconds)  # noqa: TID251 - the subject
    return seconds


async def later(seconds: float) -> float:
    await asyncio.sleep(seconds)
    return seconds


def in_an_executor() -> Awaitable[object]:
    return asyncio.get_running_loop().run_in_executor(None, sleep, 3)


def in_two_threads_of_one_executor() -> list[float]:
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(sleep, (1, 2, 2)))


def handed_over_by_a_queue() -> float:
    box: queue.SimpleQueue[float] = queue.SimpleQueue()
    threading.Thread(target=lambda: box.put(sleep(3))).start()
    return box.get()


def joined() -> float:
    thread = threading.Thread(target=sleep, args=(3,))
    thread.start()
    thread.join()
    return 3


def met_at_a_barrier() -> int:
    barrier = threading.Barrier(2)
    threading.Thread(target=lambda: (sleep(3), barrier.wait())).start()
    barrier.wait()
    return 3


WAYS: dict[str, Callable[[], Awaitable[object]]] = {
    "run_in_executor": in_an_executor,
    "to_thread": lambda: asyncio.to_thread(sleep, 3),
    "anyio": lambda: anyio.to_thread.run_sync(sleep, 3),
    "back into the loop, by anyio": lambda: anyio.to_thread.run_sync(lambda: anyio.from_thread.run(later, 3)),
    "back into the loop, by asyncio": lambda: asyncio.to_thread(_from_thread, asyncio.get_running_loop()),
    "asgiref": lambda: sync_to_async(sleep)(3),
    "asgiref, back into the loop": lambda: sync_to_async(async_to_sync(later))(3),
    "a thread that is joined": lambda: asyncio.to_thread(joined),
    "a thread pool of its own": lambda: asyncio.to_thread(in_two_threads_of_one_executor),
    "a queue": lambda: asyncio.to_thread(handed_over_by_a_queue),
    "a barrier": lambda: asyncio.to_thread(met_at_a_barrier),
    "an event that is never set": lambda: asyncio.to_thread(threading.Event().wait, 3),
}


def _from_thread(loop: asyncio.AbstractEventLoop) -> float:
    return asyncio.run_coroutine_threadsafe(later(3), loop).result()


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_three_seconds_in_a_thread_are_three_virtual_seconds(way: Callable[[], Awaitable[object]]) -> None:
    async def main(sim: Sim) -> int:
        await way()
        return sim.clock.now()

    before = threading.active_count()
    assert run_sim(main) == 3_000_000
    assert threading.active_count() == before


def test_threads_take_turns_where_they_sleep_and_nowhere_else() -> None:
    log: list[tuple[str, int]] = []

    def work(name: str) -> None:
        for _ in range(2):
            log.append((name, 0))
            log.append((name, 1))
            sleep(1)

    async def main(_sim: Sim) -> None:
        await asyncio.gather(*(asyncio.to_thread(work, name) for name in "abc"))

    run_sim(main)
    assert log == [(name, half) for _ in range(2) for name in "abc" for half in range(2)]


@pytest.mark.slow
def test_a_thousand_runs_with_threads_are_the_same() -> None:
    async def main(sim: Sim) -> tuple[object, ...]:
        log: list[tuple[float, int]] = []

        def work(seconds: float) -> None:
            sleep(seconds)
            log.append((seconds, sim.clock.now()))

        await asyncio.gather(*(anyio.to_thread.run_sync(work, each % 2) for each in range(3)))
        await asyncio.gather(*(asyncio.to_thread(work, each) for each in range(2)))
        return tuple(log)

    assert len({run_sim(main) for _ in range(RUNS)}) == 1


def test_a_thread_that_waits_for_ever_is_ended_with_the_simulation() -> None:
    ended: list[str] = []

    def wait() -> None:
        try:
            threading.Event().wait()
        finally:
            ended.append(threading.current_thread().name)

    async def main(_sim: Sim) -> None:
        threading.Thread(target=wait, name="idle").start()
        await asyncio.sleep(1)

    before = threading.active_count()
    run_sim(main)
    assert (ended, threading.active_count()) == (["idle"], before)


def test_what_a_thread_raises_comes_where_it_is_awaited() -> None:
    async def main(_sim: Sim) -> None:
        await asyncio.to_thread(lambda: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        run_sim(main)


def test_an_outside_connection_from_a_thread_is_refused_by_name() -> None:
    import socket  # noqa: PLC0415 - what must be refused

    async def main(_sim: Sim) -> None:
        await asyncio.to_thread(socket.create_connection, ("127.0.0.1", 9))

    with pytest.raises(SimError, match="asked for"):
        run_sim(main)


def test_a_thread_that_waits_for_a_lock_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "STUCK_SECONDS", 0.2)
    lock = threading.Lock()

    def work() -> None:
        with lock:
            sleep(1)

    async def main(_sim: Sim) -> None:
        await asyncio.gather(asyncio.to_thread(work), asyncio.to_thread(work))

    with pytest.raises(SimError, match=r"thread 'executor 2' in .*test_threads.py:\d+ .*lock"):
        run_sim(main)


def test_outside_a_simulation_everything_is_as_it_was() -> None:
    async def main(_sim: Sim) -> None:
        await asyncio.to_thread(sleep, 1)

    run_sim(main)
    started = time.monotonic()
    thread = threading.Thread(target=sleep, args=(0.05,))
    thread.start()
    thread.join()
    assert time.monotonic() - started >= 0.05
    assert isinstance(queue.SimpleQueue(), queue.SimpleQueue)


def test_writers_of_one_sqlite_file_wait_for_each_other_in_virtual_time(tmp_path: Path) -> None:
    path = tmp_path / "orders.db"
    with sqlite3.connect(path) as made:
        made.execute("create table orders (name text)")
    made.close()

    def write(name: str) -> None:
        connection: Any = sqlite3.connect(path)
        connection.execute("insert into orders values (?)", (name,))
        sleep(1)
        connection.commit()
        connection.close()

    async def main(sim: Sim) -> int:
        await asyncio.gather(*(asyncio.to_thread(write, name) for name in "abc"))
        return sim.clock.now()

    assert 3_000_000 <= run_sim(main) < 3_500_000
    connection = sqlite3.connect(path)
    assert connection.execute("select name from orders order by rowid").fetchall() == [("a",), ("b",), ("c",)]
    connection.close()


def test_a_database_that_stays_locked_is_an_error_after_its_timeout(tmp_path: Path) -> None:
    path = tmp_path / "orders.db"

    def hold() -> None:
        connection = sqlite3.connect(path)
        connection.execute("begin exclusive")
        sleep(60)
        connection.close()

    def ask() -> None:
        connection = sqlite3.connect(path, timeout=7)
        try:
            connection.execute("select * from sqlite_master").fetchall()
        finally:
            connection.close()

    async def main(sim: Sim) -> int:
        holding = asyncio.create_task(asyncio.to_thread(hold))
        await asyncio.sleep(1)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            await asyncio.to_thread(ask)
        locked = sim.clock.now()
        await holding
        return locked

    assert 7_900_000 < run_sim(main) <= 8_000_000
