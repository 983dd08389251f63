"""Runs a command to its end and measures its cost."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec

from benchmarks.rounds import in_rounds

PYTHON = sys.executable
FIRSTBYTE = str(Path(sys.executable).with_name("firstbyte"))


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """wall and cpu: seconds; cpu counts the command and the processes it waited for."""

    wall: float
    cpu: float
    output: str


def cost_of(command: Sequence[str], accepted: Sequence[int] = (0,)) -> Cost:
    """Return the cost of one run of `command`. Raises RuntimeError for an unaccepted exit code."""
    began = time.perf_counter()  # noqa: TID251 - it measures
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=_environment(), text=True
    ) as process:
        output = process.stdout.read() if process.stdout else ""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - began  # noqa: TID251 - it measures
    if process.returncode not in accepted:
        raise RuntimeError(f"{' '.join(command)} ended with code {process.returncode}:\n{output[-2000:]}")
    return Cost(wall=wall, cpu=used.ru_utime + used.ru_stime, output=output)


def alternating(
    commands: Mapping[str, Sequence[str]], rounds: int, *, uncounted: int = 1
) -> dict[str, list[Cost]]:
    """Each command once a round, after rounds that fill the caches and are not counted."""
    works = {name: partial(cost_of, command) for name, command in commands.items()}
    return in_rounds(rounds, works, uncounted=uncounted)


def _environment() -> dict[str, str]:
    # A user's second start finds compiled modules; without this every start would compile what was edited.
    return {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
