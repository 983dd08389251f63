"""Keeps this machine busy with loops of Python, each a process of its own, or keeps it free of them."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOOPS = 2
"""One for each processor of a small machine."""
_LOOP = "import os\nwhile os.getppid() == {parent}: sum(range(100_000))"


@contextmanager
def busy_machine(loops: int = LOOPS) -> Iterator[tuple[int, ...]]:
    """So many loops for as long as the block takes; gives their pids."""
    command = [sys.executable, "-S", "-E", "-c", _LOOP.format(parent=os.getpid())]
    # A session of their own: Ctrl-C is for who started them.
    running = [
        subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True) for _ in range(loops)
    ]
    try:
        yield tuple(one.pid for one in running)
    finally:
        for one in running:
            one.kill()
            one.wait()


class SharedMachine:
    """One machine for the workers of a pytest session: some play beside each other, or one of them alone.

    file: where the workers lock; the same for all of them.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def __repr__(self) -> str:
        return f"<SharedMachine {self._file}>"

    @contextmanager
    def beside_others(self) -> Iterator[None]:
        """Wait until nobody is alone; others may play beside us for as long as the block takes."""
        with self._locked(fcntl.LOCK_SH):
            yield

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until nobody plays, and keep the others waiting for as long as the block takes."""
        with self._locked(fcntl.LOCK_EX):
            yield

    @contextmanager
    def _locked(self, operation: int) -> Iterator[None]:
        with self._file.open("a") as file:
            fcntl.flock(file, operation)
            yield
