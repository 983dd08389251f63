"""How long this machine kept a run's processes from working: the one thing that makes a real time worthless.

A machine that is too busy makes a timer late and a byte later, and a slow disk makes an answer late that
waits for it, whatever the subject does. So both are measured, beside each run and whatever the run shows. It
must never look at what the run shows.
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
"""Ticks. What adds up over longer is many small waits, each too short to make anything late."""
ROUNDING = Duration(2_000)
"""A look that is no later than this was in time: an event loop wakes up by the millisecond."""
MOST_HELD_UP = Duration(100_000)
"""Within a window. Half of what a real time may be off: a run that was held up for longer proves nothing."""
MOST_OF_PRODUCT = Duration(600_000)
"""The same for the acts of a real product: half of their margin, which is 1.25 s of wall time."""
COMMITS = 4
"""So often does the reference server wait for its disk before it can say that it has stored a message."""
_RUN_DELAY = 1
"""The field of /proc/PID/schedstat with the nanoseconds that the process could have run and did not."""


class LoopLag:
    """Looks every TICK how late its own event loop is and how long other processes have waited.

    An answer can wait for its turn in the loop at each of its steps, so how late the looks were is added up.
    waited: the others' waits until now, together. worst: the most within a window so far.
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
        """From now on."""
        self._due = self._loop.time() + TICK / 1_000_000
        self._handle = self._loop.call_at(self._due, self._look_and_go_on)

    def stop(self) -> None:
        """A last look, then no more."""
        if self._handle is not None:
            self._handle.cancel()
        self._look()

    def _look_and_go_on(self) -> None:
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
    """A watch for as long as the block takes."""
    watch = LoopLag(waited)
    watch.start()
    try:
        yield watch
    finally:
        watch.stop()


def waited_for_processor(pid: int) -> Duration:
    """Microseconds since its start that a process could have run and did not; 0 where the kernel does not
    say.
    """
    try:
        fields = Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()
        return Duration(int(fields[_RUN_DELAY]) // 1_000)
    except (OSError, IndexError, ValueError):
        return Duration(0)


def waited_for_disk(folder: Path) -> Duration:
    """How long COMMITS take on the disk of this folder, by one that is made now."""
    with (folder / "sync").open("wb", buffering=0) as file:
        file.write(b"x")
        began = monotonic_ns()
        os.fsync(file.fileno())
    return Duration(COMMITS * (monotonic_ns() - began) // 1_000)


class SchedulerDelay:
    """What processes have waited for a processor, together. It never falls: one that is gone counts still.

    Without that, a killed origin would take its waits along and hide those of its successor and of the edge.
    """

    def __init__(self, read: Callable[[int], Duration] = waited_for_processor) -> None:
        self._read = read
        self._by_pid: dict[int, Duration] = {}

    def __repr__(self) -> str:
        return f"<SchedulerDelay of {sorted(self._by_pid)}>"

    def until_now(self, pids: Iterable[int]) -> Duration:
        """Of all processes so far. pids: those that run."""
        for pid in pids:
            self._by_pid[pid] = max(self._read(pid), self._by_pid.get(pid, Duration(0)))
        return Duration(sum(self._by_pid.values()))
