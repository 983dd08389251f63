"""Threads of a simulation: real threads that run one at a time, while virtual time stands still.

A `def` endpoint, `asyncio.to_thread`, an executor, anyio's and aiosqlite's own threads: the work runs in a
thread of the operating system, because thread-local state and a library's checks want one. But only one of
them, or the event loop, runs at any moment. The loop hands control to a thread as one of its callbacks and
takes it back when the thread blocks or ends, so the order is that of the loop and the same in each run.

A thread blocks in `threading.Condition.wait` (on which events, queues, semaphores, barriers and futures are
built), in `Thread.join` or in `time.sleep`: `replaced.py` has what stands for them while a simulation runs. A
sleep takes virtual time. Waiting for a lock that another thread holds while it waits is found by a time limit
of the machine's clock, and ends the run with an error that names both.
"""

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures.thread import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import Context, ContextVar
from typing import TYPE_CHECKING, Any, Final, Protocol

from firstbyte.harness.sim import foreign
from firstbyte.harness.sim.errors import ThreadEnded, ThreadStuck
from firstbyte.harness.sim.executors import ExecutorThreads

if TYPE_CHECKING:
    from firstbyte.harness.sim.loop import SimLoop

STUCK_SECONDS: Final = 30.0
"""Seconds of the machine's clock after which a thread that has control and does nothing is called stuck."""

real_start: Final = threading.Thread.start


class Runner(Protocol):
    """Who may have control: a thread, or the event loop for all that runs in it."""

    threads: "Threads"

    def block(self, timeout: float | None, is_over: Callable[[], bool]) -> None:
        """Give up control until `is_over`, or until `timeout` virtual seconds have passed."""
        ...

    def wake(self) -> None:
        """What it waits for may have come."""
        ...


_runners: dict[int, Runner] = {}
"""By thread id: everybody who runs in some simulation of this process."""


def runner_here() -> Runner | None:
    """Who the calling thread is in a simulation; None = it belongs to none."""
    return _runners.get(threading.get_ident())


def virtual_now() -> int | None:
    """Microseconds since the simulation of the calling thread began; None = it belongs to none."""
    runner = runner_here()
    return None if runner is None else runner.threads.loop.now


class SimThread:
    """One thread of a simulation. `name`: as its owner named it."""

    def __init__(self, threads: "Threads", name: str, context: Context) -> None:
        self.threads = threads
        self.name = name
        self.ident = 0
        self.is_over = False
        self.alarm: asyncio.TimerHandle | None = None
        self.joining: list[Runner] = []
        self._context = context
        # A context that is entered can't be entered again, and callbacks enter theirs.
        self._context_of_callbacks = context.copy()
        self._control = threading.Lock()
        self._control.acquire()
        self._can_go_on = False
        self._is_doomed = False

    def __repr__(self) -> str:
        return f"<SimThread {self.name} {'over' if self.is_over else 'ready' if self.is_busy else 'waiting'}>"

    @property
    def is_busy(self) -> bool:
        """Whether it has something to do, now or after a sleep."""
        return not self.is_over and (self._can_go_on or self.alarm is not None)

    def main(self, work: Callable[[], object]) -> None:
        """The thread's own run: wait for control, work, give control back for good."""
        self.ident = threading.get_ident()
        self._control.acquire()
        _runners[self.ident] = self
        foreign.watch(self.threads.loop.report_refusal, self.threads.cure)
        try:
            if not self._is_doomed:
                self._context.run(work)
        except ThreadEnded:
            pass
        finally:
            foreign.unwatch()
            del _runners[self.ident]
            self.is_over = True
            for each in self.joining:
                each.wake()
            self.threads.hand_back()

    def wake(self) -> None:
        """Let it go on when the loop gets to it."""
        if not self._can_go_on and not self.is_over:
            self._can_go_on = True
            self.threads.loop.call_soon(self.resume, context=self._context_of_callbacks)

    def resume(self) -> None:
        """Give it control until it blocks again, if it can go on."""
        if self._can_go_on and not self.is_over:
            self._can_go_on = False
            self.threads.hand_to(self, self._control)

    def doom(self) -> None:
        """End it: whatever it waits for raises."""
        self._is_doomed = self._can_go_on = True
        self.resume()

    def block(self, timeout: float | None, is_over: Callable[[], bool]) -> None:
        """Give up control until somebody wakes it, or until `timeout` virtual seconds have passed."""
        if self._is_doomed:
            raise ThreadEnded
        if timeout is not None:
            self.alarm = self.threads.loop.call_later(max(0.0, timeout), self.wake)
        self.threads.hand_back()
        self._control.acquire()
        if self.alarm is not None:
            self.alarm.cancel()
            self.alarm = None
        if self._is_doomed:
            raise ThreadEnded


class Threads:
    """All threads of one simulation. Made by the loop's thread, which has control first.

    carried: context variables that a thread takes over from who starts it. cure: for `foreign.watch`.
    """

    def __init__(self, loop: "SimLoop", carried: tuple[ContextVar[Any], ...], cure: str) -> None:
        self.threads = self
        self.loop = loop
        self.all: list[SimThread] = []
        self.cure = cure
        self._carried = carried
        self._control = threading.Lock()
        self._control.acquire()
        self._stuck: SimThread | None = None
        self._pools: dict[ThreadPoolExecutor, ExecutorThreads] = {}

    def __repr__(self) -> str:
        return f"<Threads {sum(not each.is_over for each in self.all)} of {len(self.all)} alive>"

    @property
    def busy(self) -> list[SimThread]:
        """Those that have something to do, now or after a sleep."""
        return [each for each in self.all if each.is_busy]

    # ---- control

    def hand_to(self, thread: SimThread, control: Any) -> None:
        """Give control to a thread and wait until it comes back."""
        control.release()
        spent = -1.0
        while not self._control.acquire(timeout=STUCK_SECONDS):
            before, spent = spent, _processor_seconds(thread)
            if spent == before:
                self._stuck = thread
                raise ThreadStuck(self._describe(thread))

    def hand_back(self) -> None:
        """Give control back to the loop."""
        if self._stuck is None:
            self._control.release()

    def _describe(self, thread: SimThread) -> str:
        frame = sys._current_frames().get(thread.ident)
        where = "" if frame is None else f" in {foreign.place_of(frame)}"
        others = ", ".join(f"'{each.name}'" for each in self.all if each is not thread and not each.is_over)
        return (
            f"thread '{thread.name}'{where} has done nothing for {STUCK_SECONDS:g} s: it waits for something "
            f"that virtual time can't see, a lock that is held ({others or 'by no other thread'}), say; "
            "hold no lock while you wait for something else, or test this on sockets"
        )

    def block(self, timeout: float | None, is_over: Callable[[], bool]) -> None:
        """The event loop's own thread waits for another: that one runs, and virtual time stands still."""
        while not is_over():
            ready = next((each for each in self.all if each.is_busy and each.alarm is None), None)
            if ready is None:
                if timeout is not None and timeout <= 0:
                    return
                self.loop.refuse_to_block()
            ready.resume()

    def wake(self) -> None:
        """Nothing: the loop's thread looks itself."""

    # ---- threads and executors

    def is_mine(self) -> bool:
        """Whether the calling thread is one of these."""
        runner = runner_here()
        return runner is not None and runner.threads is self

    def start(self, thread: threading.Thread) -> None:
        """What `Thread.start` does."""
        context = Context()
        for each in self._carried:
            if each.get(None) is not None:
                context.run(each.set, each.get())
        mine = SimThread(self, thread.name, context)
        self.all.append(mine)
        work = thread.run
        thread.run = lambda: mine.main(work)  # type: ignore[method-assign]  # of this one thread
        thread.daemon = True
        with foreign.unwatched(), _outside():
            real_start(thread)
        mine.ident = thread.ident or 0
        mine.wake()

    def find(self, thread: threading.Thread) -> SimThread | None:
        """The one behind a `threading.Thread`, if it belongs to this simulation."""
        return next((each for each in self.all if each.ident == thread.ident), None)

    def pool(self, executor: ThreadPoolExecutor) -> ExecutorThreads:
        """The threads that work for an executor here: its own wait on the machine's clock."""
        if executor not in self._pools:
            self._pools[executor] = ExecutorThreads(executor)
        return self._pools[executor]

    def end(self) -> None:
        """End every thread that still waits."""
        for each in self.all:
            if not each.is_over and each is not self._stuck and self._stuck is None:
                each.doom()


def _processor_seconds(thread: SimThread) -> float:
    if not hasattr(time, "pthread_getcpuclockid"):
        return 0.0
    return time.clock_gettime(time.pthread_getcpuclockid(thread.ident))


@contextmanager
def belonging(threads: Threads) -> Iterator[None]:
    """Let the calling thread, and the threads it starts, belong to this simulation."""
    me = threading.get_ident()
    _runners[me] = threads
    try:
        yield
    finally:
        threads.end()
        del _runners[me]


@contextmanager
def _outside() -> Iterator[None]:
    """Let the calling thread wait for real: for the moment in which the system starts a thread."""
    me = threading.get_ident()
    runner = _runners.pop(me)
    try:
        yield
    finally:
        _runners[me] = runner
