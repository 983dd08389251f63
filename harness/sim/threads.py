"""Threads of a simulation: real threads that run one at a time, while virtual time stands still.

A `def` endpoint, `asyncio.to_thread`, an executor, anyio's and aiosqlite's own threads: the work runs in a
thread of the operating system, because thread-local state and a library's checks want one. But only one of
them, or the event loop, runs at any moment. The loop hands control to a thread as one of its callbacks and
takes it back when the thread blocks or ends, so the order is that of the loop and the same in each run.

A thread blocks in `threading.Condition.wait` (on which events, queues, semaphores, barriers and futures are
built), in `Thread.join` or in `time.sleep`; these are replaced while a simulation runs, and ask who calls. A
sleep takes virtual time. Waiting for a lock that another thread holds while it waits is found by a time limit
of the machine's clock, and ends the run with an error that names both.
"""

import _thread
import asyncio
import concurrent.futures
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures.thread import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import Context, ContextVar
from types import GenericAlias, TracebackType
from typing import TYPE_CHECKING, Any, Final, Protocol

from firstbyte.harness.sim import foreign, sqlite
from firstbyte.harness.sim.errors import ThreadStuck

if TYPE_CHECKING:
    from firstbyte.harness.sim.loop import SimLoop

STUCK_SECONDS: Final = 30.0
"""Seconds of the machine's clock after which a thread that has control and does nothing is called stuck."""

_real_start: Final = threading.Thread.start
_real_join: Final = threading.Thread.join
_real_wait: Final = threading.Condition.wait
_real_sleep: Final = time.sleep  # noqa: TID251 - to be replaced
_real_submit: Final = ThreadPoolExecutor.submit
_real_shutdown: Final = ThreadPoolExecutor.shutdown
_real_make_loop: Final = asyncio.BaseEventLoop.__init__
_real_queue: Final = queue.SimpleQueue
_sim_queue: Final[type[Any]] = queue._PySimpleQueue  # type: ignore[attr-defined]  # built on Condition.wait


class _Ended(BaseException):
    """Raised in a thread that still waits when its simulation is over."""


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


def virtual_now() -> int | None:
    """Microseconds since the simulation of the calling thread began; None = it belongs to none."""
    runner = _runners.get(threading.get_ident())
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
        self._control = _thread.allocate_lock()
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
        except _Ended:
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
            raise _Ended
        if timeout is not None:
            self.alarm = self.threads.loop.call_later(max(0.0, timeout), self.wake)
        self.threads.hand_back()
        self._control.acquire()
        if self.alarm is not None:
            self.alarm.cancel()
            self.alarm = None
        if self._is_doomed:
            raise _Ended


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
        self._control = _thread.allocate_lock()
        self._control.acquire()
        self._stuck: SimThread | None = None
        self._pools: dict[ThreadPoolExecutor, _Pool] = {}

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
        runner = _runners.get(threading.get_ident())
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
            _real_start(thread)
        mine.ident = thread.ident or 0
        mine.wake()

    def find(self, thread: threading.Thread) -> SimThread | None:
        """The one behind a `threading.Thread`, if it belongs to this simulation."""
        return next((each for each in self.all if each.ident == thread.ident), None)

    def pool(self, executor: ThreadPoolExecutor) -> "_Pool":
        """The threads that work for an executor here: its own wait on the machine's clock."""
        if executor not in self._pools:
            self._pools[executor] = _Pool(executor)
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


class _Pool:
    """The threads that work for one executor in one simulation."""

    def __init__(self, executor: ThreadPoolExecutor) -> None:
        self._most = executor._max_workers
        self._prepare = getattr(executor, "_initializer", None), getattr(executor, "_initargs", ())
        self._work: queue.SimpleQueue[Callable[[], None]] = _sim_queue()
        self._futures: list[concurrent.futures.Future[Any]] = []
        self._started = 0
        self._idle = 0

    def submit(self, work: Callable[[], object]) -> "concurrent.futures.Future[Any]":
        """Have a thread do it."""
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        self._futures = [each for each in self._futures if not each.done()] + [future]
        self._work.put(lambda: _fulfil(future, work))
        if self._idle:
            self._idle -= 1
        elif self._started < self._most:
            self._started += 1
            threading.Thread(target=self._run, name=f"executor {self._started}").start()
        return future

    def wait(self) -> None:
        """Wait for what was submitted."""
        concurrent.futures.wait(self._futures)

    def _run(self) -> None:
        initializer, arguments = self._prepare
        if initializer is not None:
            initializer(*arguments)
        while True:
            self._work.get()()
            self._idle += 1


def _fulfil(future: "concurrent.futures.Future[Any]", work: Callable[[], object]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work()
    except _Ended:
        raise
    except BaseException as error:  # noqa: BLE001 - as an executor does: for who asks the future
        future.set_exception(error)
    else:
        future.set_result(result)


# ---- what is replaced while a simulation runs


class _Waiter:
    """In a condition's queue of waiters, where a lock stands otherwise."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self.is_notified = False

    def release(self) -> None:
        """Called by `notify`."""
        self.is_notified = True
        self._runner.wake()


def _wait(self: threading.Condition, timeout: float | None = None) -> bool:
    runner = _runners.get(threading.get_ident())
    if runner is None:
        return _real_wait(self, timeout)
    if not self._is_owned():  # type: ignore[attr-defined]  # as in threading.Condition.wait
        raise RuntimeError("cannot wait on un-acquired lock")
    waiter = _Waiter(runner)
    self._waiters.append(waiter)  # type: ignore[attr-defined]  # as in threading.Condition.wait
    saved = self._release_save()  # type: ignore[attr-defined]  # as in threading.Condition.wait
    try:
        runner.block(timeout, lambda: waiter.is_notified)
    finally:
        self._acquire_restore(saved)  # type: ignore[attr-defined]  # as in threading.Condition.wait
        if not waiter.is_notified:
            self._waiters.remove(waiter)  # type: ignore[attr-defined]  # as in threading.Condition.wait
    return waiter.is_notified


def _start(self: threading.Thread) -> None:
    runner = _runners.get(threading.get_ident())
    if runner is None:
        _real_start(self)
    else:
        runner.threads.start(self)


def _join(self: threading.Thread, timeout: float | None = None) -> None:
    runner = _runners.get(threading.get_ident())
    thread = None if runner is None else runner.threads.find(self)
    if runner is not None and thread is not None and not thread.is_over:
        thread.joining.append(runner)
        runner.block(timeout, lambda: thread.is_over)
        if not thread.is_over:
            return
    _real_join(self, timeout)


def _sleep(seconds: float) -> None:
    runner = _runners.get(threading.get_ident())
    if isinstance(runner, SimThread):
        runner.block(seconds, lambda: False)
    elif runner is not None:
        runner.threads.loop.refuse("a blocking time.sleep")
    else:
        _real_sleep(seconds)


def _submit(
    self: ThreadPoolExecutor, fn: Callable[..., Any], /, *args: Any, **options: Any
) -> "concurrent.futures.Future[Any]":
    runner = _runners.get(threading.get_ident())
    if runner is None:
        return _real_submit(self, fn, *args, **options)
    return runner.threads.pool(self).submit(lambda: fn(*args, **options))


def _shutdown(self: ThreadPoolExecutor, wait: bool = True, *, cancel_futures: bool = False) -> None:
    runner = _runners.get(threading.get_ident())
    if runner is not None and wait:
        runner.threads.pool(self).wait()
    _real_shutdown(self, wait, cancel_futures=cancel_futures)


def _make_loop(self: asyncio.BaseEventLoop) -> None:
    runner = _runners.get(threading.get_ident())
    if isinstance(runner, SimThread):
        self._closed = True  # type: ignore[attr-defined]  # its __del__ asks
        runner.threads.loop.refuse("an event loop of its own in a thread (asyncio.run)")
    _real_make_loop(self)


def _connect(*args: Any, **options: Any) -> Any:
    runner = _runners.get(threading.get_ident())
    if isinstance(runner, SimThread):
        return sqlite.connect(_sleep, *args, **options)
    return sqlite.real_connect(*args, **options)


class _QueueType(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _real_queue | _sim_queue)


class _SimpleQueue(metaclass=_QueueType):
    """`queue.SimpleQueue`, which waits in C otherwise."""

    __class_getitem__: Final[Any] = classmethod(GenericAlias)

    def __new__(cls) -> Any:
        return _sim_queue() if threading.get_ident() in _runners else _real_queue()


_OF_CLASSES: Final = (
    (threading.Condition, "wait", _real_wait, _wait),
    (threading.Thread, "start", _real_start, _start),
    (threading.Thread, "join", _real_join, _join),
    (ThreadPoolExecutor, "submit", _real_submit, _submit),
    (ThreadPoolExecutor, "shutdown", _real_shutdown, _shutdown),
    (asyncio.BaseEventLoop, "__init__", _real_make_loop, _make_loop),
)
_OF_MODULES: Final[tuple[tuple[object, object], ...]] = (
    (_real_sleep, _sleep),
    (_real_queue, _SimpleQueue),
    (sqlite.real_connect, _connect),
)
_OWN_MODULES: Final = (__name__, sqlite.__name__)
_seen: set[str] = set()


def _replace_imported() -> None:
    """Put ours wherever a module has the original by name: `from time import sleep`, `from queue import ...`.

    Ours ask who calls, so they stay; only modules that are new since the last simulation are looked at.
    """
    for name in [*sys.modules]:
        if name in _seen or name in _OWN_MODULES:
            continue
        _seen.add(name)
        names = getattr(sys.modules[name], "__dict__", None)
        if not isinstance(names, dict):
            continue
        for original, ours in _OF_MODULES:
            for key in [key for key, value in names.items() if value is original]:
                names[key] = ours


class _Installed:
    """How many simulations of this process run now; the last one takes the replacements away."""

    count = 0
    lock = _thread.allocate_lock()

    def __enter__(self) -> None:
        with self.lock:
            _replace_imported()
            self.count += 1
            for owner, name, _, ours in _OF_CLASSES:
                setattr(owner, name, ours)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self.lock:
            self.count -= 1
            if not self.count:
                for owner, name, original, _ in _OF_CLASSES:
                    setattr(owner, name, original)


_installed: Final = _Installed()


@contextmanager
def running(threads: Threads) -> Iterator[None]:
    """Let the calling thread, and the threads it starts, belong to this simulation."""
    me = threading.get_ident()
    with _installed:
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
