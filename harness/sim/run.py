"""Runs one simulation from sync code and vouches for its end: nothing left over, nothing swallowed.

Same main, same seed: same bytes at the same microseconds. It must never leave a loop, a hook or a collector
setting behind, nor run when a loop already runs in this thread.
"""

import asyncio
import contextlib
import logging
import random  # noqa: TID251  # makes the one seeded generator that everything else takes
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

from firstbyte.collector import disabled
from firstbyte.harness.model.units import Duration, seconds
from firstbyte.harness.sim.clock import SimClock
from firstbyte.harness.sim.errors import SimError, Unfinished, Unhandled
from firstbyte.harness.sim.foreign import CURE, unwatch, watch
from firstbyte.harness.sim.hosts import HOST, HostState, host_of
from firstbyte.harness.sim.memory_loop import MemoryLoop
from firstbyte.harness.sim.network import Network
from firstbyte.harness.sim.replaced import running
from firstbyte.harness.sim.threads import Threads
from firstbyte.harness.sim.waiting import describe_task, describe_waits

_DAY: Final = seconds(86_400)


class Sim:
    """What a simulated main is given: the network, a clock and seeded randomness."""

    def __init__(self, loop: MemoryLoop, seed: int, cure: str) -> None:
        self.loop = loop
        self.network = Network(loop)
        self.random = random.Random(seed)
        self.clock = SimClock(loop)
        self.threads = Threads(loop, carried=(HOST,), cure=cure)
        self._failures: list[str] = []
        self._first_error: BaseException | None = None

    async def settle(self) -> None:
        """Wait until nothing is left to do at this microsecond, without letting time pass."""
        await self.loop.settle()

    def note_failure(self, message: str, error: BaseException | None) -> None:
        """Remember an exception that nobody caught: the run ends with it."""
        self._failures.append(f"{message}: {error!r}")
        self._first_error = self._first_error or error

    def raise_failures(self) -> None:
        """Raise Unhandled if there was any, from the first."""
        if self._failures:
            lines = "\n  ".join(self._failures)
            raise Unhandled(f"exceptions that nobody caught:\n  {lines}") from self._first_error


def run_sim[T](
    main: Callable[[Sim], Awaitable[T]],
    *,
    seed: int = 0,
    max_virtual: Duration = _DAY,
    max_turns: int = 100_000,
    machine_time: bool = False,
    cure: str = CURE,
) -> T:
    """Run `main` to its end in virtual time and return what it returns.

    `max_virtual` bounds virtual time, `max_turns` the turns of the loop at one instant. `machine_time`: the
    clocks of `time` and `datetime` tell virtual time, and `random` draws from the seed. `cure`: what to do
    instead, for the message of a refusal. Raises what main raises, or a SimError: Stalled, OutOfTime,
    Livelock, ForeignIO, ThreadStuck, Unfinished (tasks left on living hosts), Unhandled.
    """
    if asyncio._get_running_loop() is not None:
        raise SimError("run_sim was called in a running event loop; call it from sync code or another thread")
    loop = MemoryLoop(max_virtual=max_virtual, max_turns=max_turns)
    sim = Sim(loop, seed, cure)
    loop.network = sim.network
    loop.describe = lambda: describe_waits(loop.tasks, sim.network.open_transports())
    loop.set_exception_handler(lambda _, error: sim.note_failure(error["message"], error.get("exception")))
    loop.is_ours = sim.threads.is_mine
    clocks = _virtual_time(loop, seed) if machine_time else contextlib.nullcontext()
    with disabled(), contextlib.closing(loop), running(sim.threads), clocks:
        watch(loop.report_refusal, cure)
        try:
            return loop.run_until_complete(sim.network.main.start(_supervise(sim, main), name="main"))
        finally:
            unwatch()
            _dispose(sim)


def _virtual_time(loop: MemoryLoop, seed: int) -> contextlib.AbstractContextManager[None]:
    from firstbyte.harness.sim.machine_time import virtual_time  # noqa: PLC0415 - for applications of others

    return virtual_time(loop, seed)


async def _supervise[T](sim: Sim, main: Callable[[Sim], Awaitable[T]]) -> T:
    result = await main(sim)
    await sim.settle()
    me = asyncio.current_task()
    left = [task for task in sim.loop.tasks if not task.done() and task is not me and not _is_dead(task)]
    if left:
        lines = "\n".join(f"  {describe_task(task)}" for task in left)
        raise Unfinished(f"main has ended and left {len(left)} tasks; end them or kill their host:\n{lines}")
    _note_unasked(sim)
    sim.raise_failures()
    return result


def _note_unasked(sim: Sim) -> None:
    for task in sim.loop.tasks:
        # The flag by which asyncio logs "exception was never retrieved", whenever the collector gets there.
        if task.done() and getattr(task, "_log_traceback", False) and not _is_dead(task):
            sim.note_failure(f"task '{task.get_name()}' failed and nobody asked", task.exception())


def _is_dead(task: asyncio.Task[Any]) -> bool:
    host = host_of(task.get_context())
    return host is not None and host.state is HostState.DEAD


def _dispose(sim: Sim) -> None:
    """Close what is still suspended, in order and unseen, rather than leave it to the collector."""
    sim.network.forget()
    if any(not task.done() for task in sim.loop.tasks):
        with _silence():
            _close_suspended(sim)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    # A server logs the end of its own coroutine as a failed request; these are the ends of processes long
    # gone.
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def _close_suspended(sim: Sim) -> None:
    for task in sim.loop.tasks:
        if task.done():
            continue
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # not in the stubs
        coroutine = task.get_coro()
        if coroutine is not None:
            with contextlib.suppress(Exception):
                task.get_context().run(coroutine.close)
