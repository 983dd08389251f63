"""However a grid ends, its products end with it: told to stop, or killed."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from firstbyte.proxies.real.catalogue import PRODUCTS
from tests.conftest import lacking

COMMAND = [
    sys.executable,
    "-m",
    "firstbyte.harness.cli",
    "grid",
    "--real",
    "nginx",
    "--shape",
    "dribble-slow",
]
LONGEST = 40.0
LOOK = 0.05

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc"),
]


def parents() -> Iterator[tuple[int, int, str]]:
    """pid, parent, name of every process that has not ended."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            head, _, rest = path.read_text().rpartition(")")
        except OSError:
            continue
        if rest.split()[0] != "Z":
            yield int(path.parent.name), int(rest.split()[1]), head.partition("(")[2]


def below(root: int) -> dict[int, str]:
    """Every descendant of a process."""
    everybody = list(parents())
    found: dict[int, str] = {}
    layer = {root}
    while layer:
        layer = {pid for pid, parent, _ in everybody if parent in layer}
        found |= {pid: name for pid, _, name in everybody if pid in layer}
    return found


def wait_for(what: str, look: Callable[[], bool], until: float) -> None:
    while not look():
        assert time.monotonic() < until, what
        signal.sigtimedwait([], LOOK)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_grid_that_ends_early_leaves_no_product_behind(number: signal.Signals) -> None:
    if PRODUCTS["nginx"].find() is None:
        lacking("no nginx; apt-get install nginx")
    with subprocess.Popen(COMMAND, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as grid:
        until = time.monotonic() + LONGEST
        wait_for("nginx never started", lambda: "nginx" in below(grid.pid).values(), until)
        started = below(grid.pid)
        grid.send_signal(number)
        grid.wait(LONGEST)
    wait_for(
        f"still there: {started}",
        lambda: not {(pid, name) for pid, _, name in parents()} & set(started.items()),
        time.monotonic() + LONGEST,
    )
