"""Keeps this machine busy: loops of Python, each a process of its own, that end with whoever asked."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

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
