"""What stands for functions of the standard library while a simulation runs. Each asks who calls.

Methods of classes are replaced for as long as a simulation runs. Functions that a module may have imported by
name stay replaced, and do for everybody else what the original does.
"""

import asyncio
import concurrent.futures
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures.thread import ThreadPoolExecutor
from contextlib import contextmanager
from types import GenericAlias, TracebackType
from typing import Any, Final

from firstbyte.harness.sim import sqlite
from firstbyte.harness.sim.threads import Runner, SimThread, Threads, belonging, real_start, runner_here

_real_join: Final = threading.Thread.join
_real_wait: Final = threading.Condition.wait
_real_sleep: Final = time.sleep  # noqa: TID251 - to be replaced
_real_submit: Final = ThreadPoolExecutor.submit
_real_shutdown: Final = ThreadPoolExecutor.shutdown
_real_make_loop: Final = asyncio.BaseEventLoop.__init__
_real_queue: Final = queue.SimpleQueue
_sim_queue: Final[type[Any]] = queue._PySimpleQueue  # type: ignore[attr-defined]  # it waits on a condition


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
    runner = runner_here()
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
    runner = runner_here()
    if runner is None:
        real_start(self)
    else:
        runner.threads.start(self)


def _join(self: threading.Thread, timeout: float | None = None) -> None:
    runner = runner_here()
    thread = None if runner is None else runner.threads.find(self)
    if runner is not None and thread is not None and not thread.is_over:
        thread.joining.append(runner)
        runner.block(timeout, lambda: thread.is_over)
        if not thread.is_over:
            return
    _real_join(self, timeout)


def _sleep(seconds: float) -> None:
    runner = runner_here()
    if isinstance(runner, SimThread):
        runner.block(seconds, lambda: False)
    elif runner is not None:
        runner.threads.loop.refuse("a blocking time.sleep")
    else:
        _real_sleep(seconds)


def _submit(
    self: ThreadPoolExecutor, fn: Callable[..., Any], /, *args: Any, **options: Any
) -> "concurrent.futures.Future[Any]":
    runner = runner_here()
    if runner is None:
        return _real_submit(self, fn, *args, **options)
    return runner.threads.pool(self).submit(lambda: fn(*args, **options))


def _shutdown(self: ThreadPoolExecutor, wait: bool = True, *, cancel_futures: bool = False) -> None:
    runner = runner_here()
    if runner is not None and wait:
        runner.threads.pool(self).wait()
    _real_shutdown(self, wait, cancel_futures=cancel_futures)


def _make_loop(self: asyncio.BaseEventLoop) -> None:
    runner = runner_here()
    if isinstance(runner, SimThread):
        self._closed = True  # type: ignore[attr-defined]  # its __del__ asks
        runner.threads.loop.refuse("an event loop of its own in a thread (asyncio.run)")
    _real_make_loop(self)


def _connect(*args: Any, **options: Any) -> Any:
    runner = runner_here()
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
        return _sim_queue() if runner_here() is not None else _real_queue()


_OF_CLASSES: Final = (
    (threading.Condition, "wait", _real_wait, _wait),
    (threading.Thread, "start", real_start, _start),
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
    lock = threading.Lock()

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
    with _installed, belonging(threads):
        yield
