"""The threads of one executor in one simulation: an executor's own threads wait on the machine's clock."""

import concurrent.futures
import queue
import threading
from collections.abc import Callable
from concurrent.futures.thread import ThreadPoolExecutor
from typing import Any

from firstbyte.harness.sim.errors import ThreadEnded


class ExecutorThreads:
    """The threads that work for one executor in one simulation."""

    def __init__(self, executor: ThreadPoolExecutor) -> None:
        self._most = executor._max_workers
        self._prepare = getattr(executor, "_initializer", None), getattr(executor, "_initargs", ())
        self._work: queue.SimpleQueue[Callable[[], None]] = queue._PySimpleQueue()  # type: ignore[attr-defined]  # it waits where a simulation sees it
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
    except ThreadEnded:
        raise
    except BaseException as error:  # noqa: BLE001 - as an executor does: for who asks the future
        future.set_exception(error)
    else:
        future.set_result(result)
