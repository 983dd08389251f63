"""Measures how long the machine delayed our processes during a real run; delayed runs are repeated.

On a busy machine timers fire late and bytes arrive late, and with a slow disk an answer that waits for the
disk is late too, whatever the subject does. Both are measured beside each run, whatever the run shows.
"""

import asyncio
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from firstbyte.harness.clock import monotonic_ns
from firstbyte.harness.model.units import Duration

TICK = Duration(50_000)
WINDOW = 20
"""In ticks. Waits that add up only over a longer time are each too short to make anything late."""
ROUNDING = Duration(2_000)
"""A tick that is late by no more than this is on time: an event loop wakes up by the millisecond."""
MOST_HELD_UP = Duration(100_000)
"""The longest delay within a window, half of what a real time may be off. Beyond it a run proves nothing."""
MOST_OF_PRODUCT = Duration(600_000)
"""The same for scenarios of a real product: half of their margin, which is 1.25 s of wall time."""
COMMITS = 4
"""The reference server waits for its disk this often before it can confirm that it stored a message."""
_RUN_DELAY = 1
"""The field of /proc/PID/schedstat with the nanoseconds it was ready but not running."""


class LoopLag:
    """Measures every TICK how late its own event loop is and how long other processes have waited.

    An answer may wait for its turn in the loop at each step, so the lateness of the ticks is added up.
    waited: returns the total wait of the other processes so far. worst: the longest delay within a window.
    """

    def __init__(self, waited: Callable[[], Duration]) -> None:
        self.worst = Duration(0)
        self._waited = waited
        self._loop = asyncio.get_running_loop()
        self._late = 0
        self._seen = deque([waited()], maxlen=WINDOW)
        self._due = self._loop.time()
        self._handle: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<LoopLag worst {self.worst}us>"

    def start(self) -> None:
        """Start measuring."""
        self._due = self._loop.time() + TICK / 1_000_000
        self._handle = self._loop.call_at(self._due, self._tick)

    def stop(self) -> None:
        """Measure a last time and stop."""
        if self._handle is not None:
            self._handle.cancel()
        self._look()

    def _tick(self) -> None:
        self._look()
        self.start()

    def _look(self) -> None:
        late = round((self._loop.time() - self._due) * 1_000_000)
        self._late += max(0, late - ROUNDING)
        held_up = Duration(self._late + self._waited())
        self.worst = max(self.worst, Duration(held_up - self._seen[0]))
        self._seen.append(held_up)


@contextmanager
def watched_machine(waited: Callable[[], Duration]) -> Iterator[LoopLag]:
    """Measure the loop's lag for as long as the block takes."""
    lag = LoopLag(waited)
    lag.start()
    try:
        yield lag
    finally:
        lag.stop()


def waited_for_processor(pid: int) -> Duration:
    """How long a process has been ready but not running, since its start; 0 if the kernel does not tell."""
    try:
        fields = Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()
        return Duration(int(fields[_RUN_DELAY]) // 1_000)
    except (OSError, IndexError, ValueError):
        return Duration(0)


def waited_for_disk(folder: Path) -> Duration:
    """How long COMMITS take on the disk of this folder, judged by one that is made now."""
    with (folder / "sync").open("wb", buffering=0) as file:
        file.write(b"x")
        began = monotonic_ns()
        os.fsync(file.fileno())
    return Duration(COMMITS * (monotonic_ns() - began) // 1_000)


class SchedulerDelay:
    """The total time that processes have waited for a processor. Processes that have ended still count.

    Otherwise the total would drop when an origin is killed, and hide the waits of its successor and the edge.
    """

    def __init__(self, read: Callable[[int], Duration] = waited_for_processor) -> None:
        self._read = read
        self._by_pid: dict[int, Duration] = {}

    def __repr__(self) -> str:
        return f"<SchedulerDelay of {sorted(self._by_pid)}>"

    def until_now(self, pids: Iterable[int]) -> Duration:
        """The total of all processes seen so far. pids: those that run now."""
        for pid in pids:
            self._by_pid[pid] = max(self._read(pid), self._by_pid.get(pid, Duration(0)))
        return Duration(sum(self._by_pid.values()))
