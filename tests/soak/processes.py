"""Runs a program to its end, and sees to it that nothing is left of it, however it ends.

All that the program starts has a mark of its own in its environment: that is how it is found again, whoever
its parent is by then. It must never end a process without that mark.
"""

import os
import secrets
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

MARK = "FIRSTBYTE_SOAK_MARK"
GOODBYE_SECONDS = 60.0
"""So long a program may take to end after Ctrl-C: it stops servers and browsers of its own."""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """code: its exit code, or the signal that ended it as a negative number. said: all it wrote."""

    code: int
    said: str


def run(command: Sequence[str], more: Mapping[str, str]) -> Ended:
    """Run it with `more` in its environment. Ctrl-C is passed on, and raised when the program has ended."""
    mark = secrets.token_hex(8)
    with subprocess.Popen(
        command,
        env={**os.environ, **more, MARK: mark},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # Ctrl-C comes once, from here
    ) as process:
        try:
            said, _ = process.communicate()
        except BaseException:
            _say_goodbye(process)
            raise
        finally:
            end_marked(mark)
    return Ended(code=process.returncode, said=said)


def _say_goodbye(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.communicate(timeout=GOODBYE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def end_marked(mark: str) -> None:
    """End every process with this mark, those that they start meanwhile too."""
    while found := [pid for pid in _pids() if has_mark(pid, mark)]:
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


def _pids() -> list[int]:
    return [
        int(one.name)
        for one in Path("/proc").iterdir()
        if one.name.isdigit() and int(one.name) != os.getpid()
    ]


def has_mark(pid: int, mark: str) -> bool:
    """It lives, and it or who started it was given that mark."""
    try:
        return f"{MARK}={mark}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:  # it has ended, or is another user's
        return False
