"""What threads in virtual time take from the standard library: names that are nobody's public API."""

import ctypes
import inspect
import queue
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contracts.private_names import holds


@holds("_waiters", "_release_save", "_acquire_restore", "_is_owned")
def test_a_condition_keeps_its_waiters_and_wakes_them_by_releasing_a_lock() -> None:
    condition, released = threading.Condition(), []

    class Waiter:
        def release(self) -> None:
            released.append("woken")

    with condition:
        assert condition._is_owned()  # type: ignore[attr-defined]  # the subject, here and below
        condition._waiters.append(Waiter())  # type: ignore[attr-defined]
        saved = condition._release_save()  # type: ignore[attr-defined]
        assert not condition._is_owned()  # type: ignore[attr-defined]
        condition._acquire_restore(saved)  # type: ignore[attr-defined]
        condition.notify()
    assert released == ["woken"]


@pytest.mark.parametrize(
    "waits",
    [queue.Queue.get, threading.Event.wait, threading.Semaphore.acquire, threading.Barrier.wait],
    ids=["queue", "event", "semaphore", "barrier"],
)
def test_what_waits_in_the_standard_library_waits_on_a_condition(waits: object) -> None:
    code = inspect.getsource(waits)  # type: ignore[arg-type]
    assert ".wait(" in code or "_cond" in code or "_wait(" in code


@holds("queue._PySimpleQueue")
def test_the_simple_queue_in_python_waits_on_a_semaphore() -> None:
    simple = queue._PySimpleQueue()  # type: ignore[attr-defined]
    assert isinstance(simple._count, threading.Semaphore)
    simple.put("tea")
    assert simple.get() == "tea"


@holds("_max_workers", "_initializer", "_initargs")
def test_an_executor_knows_how_many_threads_it_may_have() -> None:
    with ThreadPoolExecutor(3) as executor:
        assert executor._max_workers == 3
    # Since Python 3.14 an executor makes a context for its workers instead; then nothing is prepared.
    with ThreadPoolExecutor(1, initializer=print, initargs=("tea",)) as executor:
        if sys.version_info < (3, 14):
            assert (executor._initializer, executor._initargs) == (print, ("tea",))


@holds("sys._current_frames")
def test_the_frame_of_another_thread_can_be_seen() -> None:
    assert sys._current_frames()[threading.get_ident()].f_code.co_filename == __file__


def test_a_thread_runs_what_run_is_when_it_starts() -> None:
    ran: list[str] = []
    thread = threading.Thread(target=ran.append, args=("target",))
    thread.run = lambda: ran.append("replaced")  # type: ignore[method-assign]
    thread.start()
    thread.join()
    assert ran == ["replaced"]


@pytest.mark.parametrize("name", ["monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"])
def test_a_clock_is_a_c_function_whose_first_field_names_its_method(name: str) -> None:
    pointer = ctypes.c_void_p.from_address(id(getattr(time, name)) + object.__basicsize__).value
    assert pointer is not None
    assert ctypes.c_char_p.from_address(pointer).value == name.encode()
