"""Maps a function over items in forked processes: a simulation owns its process.

A worker inherits the function and the items, with all that is loaded; only numbers and results are pickled.
The parent alone answers Ctrl-C and SIGTERM. A worker must never outlive its parent, however that ends.
"""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import Any

from firstbyte.collector import frozen
from firstbyte.harness.problems import SetupFailed

LOST = "a worker process was killed, perhaps because memory ran out"
_STOPS = {signal.SIGINT, signal.SIGTERM}
_inherited: list[Callable[[int], Any]] = []
"""In a worker: what it does with an item's number."""


def map_forked[I, R](
    work: Callable[[I], R],
    items: Sequence[I],
    on_done: Callable[[R], None],
    *,
    processes: int,
    chunk: int = 1,
) -> tuple[R, ...]:
    """`work` of each item, in the order of the items; `on_done` gets each result in that order.

    processes: at 1 the work is done in this one. chunk: how many items a worker takes at a time. Call it
    where no other thread runs: a fork copies one thread only. Raises what `work` raises, or SetupFailed.
    """
    if processes == 1:
        return tuple(_passed_on(map(work, items), on_done))
    import multiprocessing  # noqa: PLC0415 - for several processes only
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415
    from concurrent.futures.process import BrokenProcessPool  # noqa: PLC0415

    with (
        frozen(),
        ProcessPoolExecutor(
            processes,
            mp_context=multiprocessing.get_context("fork"),
            initializer=_become_worker,
            initargs=(lambda number: work(items[number]),),
        ) as pool,
    ):
        try:
            with _stops_blocked():  # the first call forks all workers
                results = pool.map(_work, range(len(items)), chunksize=chunk)
            return tuple(_passed_on(results, on_done))
        except BrokenProcessPool as error:
            raise SetupFailed(f"{LOST}; run this again with fewer programs beside it") from error
        except BaseException:
            for worker in multiprocessing.active_children():
                worker.terminate()  # nobody waits for what it is at
            raise


def _passed_on[R](results: Iterator[R], on_done: Callable[[R], None]) -> Iterator[R]:
    for result in results:
        on_done(result)
        yield result


@contextmanager
def _stops_blocked() -> Iterator[None]:
    """A worker, which inherits this, gets no signal before it has handlers of its own."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _become_worker(work: Callable[[int], Any]) -> None:
    _inherited.append(work)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
    Thread(target=_end_with_parent, daemon=True, name="parent watch").start()


def _end_with_parent() -> None:
    import multiprocessing  # noqa: PLC0415 - loaded by the parent

    parent = multiprocessing.parent_process()
    assert parent is not None, "a worker has a parent"
    parent.join()
    os._exit(1)


def _work(number: int) -> Any:
    return _inherited[0](number)
