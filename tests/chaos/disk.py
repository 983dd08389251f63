"""A small disk of its own, that can be full or made read-only: a tmpfs in a mount namespace.

A keeper process holds the namespace, commands are started inside of it, and the test looks in through
/proc/PID/root (SQLite can't: it resolves the link). So nothing is mounted on the machine, and nothing is left
when the keeper has ended, however the test ended. It must never mount outside.
"""

import os
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.conftest import lacking

PLACE = "/mnt"
SCRIPT = f"""
mount -t tmpfs -o size=$1 firstbyte {PLACE} && echo ready || exit 1
while read -r line; do mount -o "remount,$line" {PLACE} && echo done || exit 1; done
"""
USER_NAMESPACE = () if os.geteuid() == 0 else ("--map-root-user",)


class Disk:
    """`with Disk("1m") as disk`: an empty disk, for the test at `path`, for commands inside at PLACE."""

    def __init__(self, size: str) -> None:
        self._keeper = subprocess.Popen(
            ["unshare", "--mount", *USER_NAMESPACE, "sh", "-c", SCRIPT, "sh", size],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.path = Path(f"/proc/{self._keeper.pid}/root{PLACE}")

    def __repr__(self) -> str:
        return f"<Disk {self.path}>"

    def __enter__(self) -> Self:
        if self._said() != "ready":
            self.__exit__()
            lacking("no mount namespace may be made here; run the tests as root or allow user namespaces")
        return self

    def __exit__(self, *_: object) -> None:
        self._keeper.communicate()

    def inside(self) -> list[str]:
        """The words before a command that is to see the disk at PLACE."""
        user = ["--user", "--preserve-credentials"] if USER_NAMESPACE else []
        return ["nsenter", "--target", str(self._keeper.pid), "--mount", *user, "--"]

    def fill(self, spare: int = 0) -> None:
        """Leave no more than `spare` bytes on it."""
        with (self.path / "filler").open("wb", buffering=0) as file:
            free = os.statvfs(self.path).f_bavail * os.statvfs(self.path).f_frsize - spare
            with suppress(OSError):  # the server on it was quicker
                while free > 0:
                    free -= file.write(b"x" * min(free, 65_536))

    def remount(self, how: str) -> None:
        """`ro`, `rw` or `size=2m`."""
        assert self._keeper.stdin is not None
        self._keeper.stdin.write(f"{how}\n")
        self._keeper.stdin.flush()
        assert self._said() == "done"

    def _said(self) -> str:
        assert self._keeper.stdout is not None
        return self._keeper.stdout.readline().strip()
