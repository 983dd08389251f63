"""What threads and clocks of simulations take from Python's own modules."""

import ctypes
import queue
import threading
import time
from concurrent.futures.thread import ThreadPoolExecutor

import pytest

from tests.contracts.private_names import holds


@holds("queue._PySimpleQueue")
def test_a_simple_queue_in_python_waits_for_a_condition_of_threading(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float | None] = []
    wait = threading.Condition.wait

    def recorded(self: threading.Condition, timeout: float | None = None) -> bool:
        waits.append(timeout)
        return wait(self, timeout)

    monkeypatch.setattr(threading.Condition, "wait", recorded)
    simple = queue._PySimpleQueue()  # type: ignore[attr-defined]  # not in the stubs
    with pytest.raises(queue.Empty):
        simple.get(timeout=0.001)
    assert waits
    simple.put("work")
    assert simple.get() == "work"


@holds("_max_workers", "_initializer", "_initargs")
def test_an_executor_remembers_how_many_threads_and_how_each_begins() -> None:
    with ThreadPoolExecutor(3) as executor:
        assert executor._max_workers == 3
    # Python 3.14 keeps these elsewhere; threads.py then finds none.
    with ThreadPoolExecutor(1, initializer=print, initargs=(1,)) as executor:
        assert (executor._initializer, executor._initargs) == (print, (1,))


@pytest.mark.parametrize("name", ["monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"])
def test_a_clock_in_c_has_its_name_first_behind_the_head_of_its_object(name: str) -> None:
    """The layout of PyCFunctionObject and PyMethodDef, which machine_time.py relies on."""
    clock = getattr(time, name)
    entry = ctypes.c_void_p.from_address(id(clock) + object.__basicsize__).value or 0
    assert ctypes.c_char_p.from_address(entry).value == name.encode()
