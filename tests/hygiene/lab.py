"""Starts `firstbyte` as a user does and looks, from outside, at what it leaves behind.

Every process of a session has the session's own TMPDIR, or a folder in it, in its environment: that is how it
is recognised, whoever its parent is by then. It must never touch a process that it did not start.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Self

from firstbyte.harness.clock import monotonic_ns

PATIENCE_SECONDS = 30.0
LOOK_SECONDS = 0.01
LISTENS = "0A"  # the state in /proc/net/tcp
ZOMBIE = "Z"


def until[T](look: Callable[[], T], what: str) -> T:
    """The first true value that `look` gives; fails after PATIENCE_SECONDS."""
    end = monotonic_ns() + PATIENCE_SECONDS * 1e9
    while not (found := look()):
        assert monotonic_ns() < end, f"waited {PATIENCE_SECONDS:g} s for {what}"
        Event().wait(LOOK_SECONDS)
    return found


@contextmanager
def sigint_not_ignored() -> Iterator[None]:
    """Processes started meanwhile can be interrupted: tests that a shell has put in the background ignore
    SIGINT, and what is ignored is inherited.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class Session:
    """One command with all that it starts. out and err: what it said, once it has ended."""

    def __init__(
        self, tmp: Path, *words: str, inside: Sequence[str] = (), module: str = "firstbyte.harness.cli"
    ) -> None:
        """inside: the command that starts it, such as one that enters a namespace. module: what is run."""
        self.tmp = tmp
        self.out = self.err = ""
        tmp.mkdir(exist_ok=True)
        with sigint_not_ignored():
            self.process = subprocess.Popen(
                [*inside, sys.executable, "-m", module, *words],
                env={**os.environ, "TMPDIR": str(tmp)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )

    def __repr__(self) -> str:
        return f"<Session pid {self.process.pid}, code {self.process.poll()}, living {self.living()}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Whatever a failed test left behind must not outlive it."""
        for pid in self.living():
            os.kill(pid, signal.SIGKILL)
        self.end()

    def line(self) -> str:
        """The next line of its standard output; '' when it has ended."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def signal(self, number: int) -> None:
        """To the command alone."""
        self.process.send_signal(number)

    def ctrl_c(self) -> None:
        """As a terminal does it: SIGINT to every process of the foreground group."""
        os.killpg(self.process.pid, signal.SIGINT)

    def kill(self) -> None:
        """kill -9 of the command alone."""
        self.signal(signal.SIGKILL)

    def end(self) -> int:
        """Wait for its end; returns the exit code."""
        if not self.process.stdout or not self.process.stdout.closed:
            out, err = self.process.communicate(timeout=PATIENCE_SECONDS)
            self.out, self.err = self.out + out, self.err + err
        return self.process.wait()

    def living(self) -> list[int]:
        """The pids of this session that still run."""
        return [pid for pid in _pids() if _is_alive(pid) and self.tmp in _temporary_folders(pid)]

    def children(self, count: int) -> list[int]:
        """The pids of the session without the command's own, once there are `count` of them."""
        return until(lambda: self._children(count), f"{count} children of {self!r}")

    def _children(self, count: int) -> list[int]:
        found = [pid for pid in self.living() if pid != self.process.pid]
        return found if len(found) >= count else []

    def ports(self) -> set[int]:
        """Where the session listens."""
        inodes = {inode for pid in self.living() for inode in _sockets(pid)}
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return {int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == LISTENS and row[9] in inodes}

    def listening(self, count: int) -> set[int]:
        """The ports, once there are `count` of them."""
        return until(lambda: found if len(found := self.ports()) >= count else set(), f"{count} ports")

    def folders(self) -> list[Path]:
        """What there is in its TMPDIR."""
        return sorted(self.tmp.iterdir())

    def assert_gone(self, ports: set[int]) -> None:
        """No process lives, the ports can be had, no folder is left."""
        until(lambda: not self.living(), f"the end of {self!r}")
        for port in ports:
            socket.create_server(("127.0.0.1", port)).close()
        assert self.folders() == []


def _pids() -> Iterator[int]:
    return (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())


def _temporary_folders(pid: int) -> list[Path]:
    """The one in its environment, and those that it is in."""
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:  # it has ended, or is not ours
        return []
    named = [Path(one.removeprefix("TMPDIR=")) for one in variables if one.startswith("TMPDIR=")]
    return [folder for one in named for folder in (one, *one.parents)]


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != ZOMBIE
    except OSError:
        return False


def _sockets(pid: int) -> Iterator[str]:
    try:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            target = str(descriptor.readlink())
            if target.startswith("socket:["):
                yield target.removeprefix("socket:[").removesuffix("]")
    except OSError:
        return
