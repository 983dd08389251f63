"""The machine's clocks while a simulation runs: `time`, `datetime` and the rest tell virtual time.

Whoever asks from a thread of the simulation is told the simulation's time, under whichever name it has the
function: `from time import monotonic` and a default argument too. time-machine does that for the calendar;
for the clocks that only ever go forward, which it leaves alone, the entries of the C functions are replaced
here in the same way. Other threads of the process see the real monotonic clocks.
"""

import ctypes
import random  # noqa: TID251  # the shared generator is given the run's seed, and put back
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import time_machine

from firstbyte.harness.sim.loop import SimLoop
from firstbyte.harness.sim.threads import virtual_now

EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""What the calendar says when a simulation begins."""


class _MethodDef(ctypes.Structure):
    """PyMethodDef of CPython's C API."""

    _fields_ = (
        ("ml_name", ctypes.c_char_p), ("ml_meth", ctypes.c_void_p), ("ml_flags", ctypes.c_int),
        ("ml_doc", ctypes.c_char_p),
    )  # fmt: skip


_NoArguments: Final = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_void_p)
_NOARGS: Final = 0x0004
"""METH_NOARGS: how a C function without arguments is called."""


class _Clock:
    """One function of the time module. unit: what it counts in, in microseconds."""

    def __init__(self, real: Any, convert: Callable[[int], object]) -> None:
        self._real = real
        self._convert = convert
        # PyCFunctionObject begins with the object's head and a pointer to its PyMethodDef.
        pointer = ctypes.c_void_p.from_address(id(real) + object.__basicsize__).value or 0
        self._entry = _MethodDef.from_address(pointer)
        name = real.__name__.encode()
        if self._entry.ml_name != name or self._entry.ml_flags != _NOARGS:
            raise RuntimeError(f"time.{real.__name__} is not the C function that this Python should have")
        self._c_function = self._entry.ml_meth
        self._original = _NoArguments(self._c_function)
        self._ours = _NoArguments(self._tell)

    def _tell(self, module: int, nothing: int) -> object:
        now = virtual_now()
        return self._original(module, nothing) if now is None else self._convert(now)

    def replace(self) -> None:
        """Let it tell virtual time to whoever belongs to a simulation."""
        self._entry.ml_meth = ctypes.cast(self._ours, ctypes.c_void_p).value

    def restore(self) -> None:
        """Let it be what it was."""
        self._entry.ml_meth = self._c_function


_CLOCKS: Final = tuple(
    _Clock(getattr(time, name), convert)
    for name, convert in (
        ("monotonic", lambda now: now / 1_000_000),
        ("monotonic_ns", lambda now: now * 1000),
        ("perf_counter", lambda now: now / 1_000_000),
        ("perf_counter_ns", lambda now: now * 1000),
    )
)


_one_at_a_time: Final = threading.Lock()
"""There is one calendar in a process."""


@contextmanager
def virtual_time(loop: SimLoop, seed: int) -> Iterator[None]:
    """Let the clocks tell the loop's time to its threads, and `random` draw from the seed."""
    state = random.getstate()
    random.seed(seed)
    with _one_at_a_time, time_machine.travel(EPOCH, tick=False) as calendar:
        loop.on_jump = lambda now: calendar.move_to(EPOCH + timedelta(microseconds=now))
        for clock in _CLOCKS:
            clock.replace()
        try:
            yield
        finally:
            for clock in _CLOCKS:
                clock.restore()
            loop.on_jump = None
            random.setstate(state)
