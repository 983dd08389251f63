"""Reads along in the server's log, and stamps each telling line when it is written.

It exists because the server announces no arrival and no loss: 1.2.x logs each request, all versions an error.
It must never be taken for the ledger.
"""

import asyncio
import re
from contextlib import suppress
from pathlib import Path

import msgspec

from firstbyte.harness.clock import monotonic_ns

LOOK_SECONDS = 0.01
ARRIVED = re.compile(r"service=server method=POST path=/session/[^/ ]+/(\w+) request$")
LOST = re.compile(r"level=ERROR.*database is locked|^ERROR .*database is locked")


class Logged(msgspec.Struct, frozen=True, kw_only=True):
    """One line that tells something. arrived: the operation of a request; '' = a write has given up."""

    at_us: int
    arrived: str = ""


class LogReader:
    """Follows one file."""

    def __init__(self, path: Path) -> None:
        self.logged: list[Logged] = []
        self._path = path
        self._task: asyncio.Task[None] | None = None
        self._offset = 0
        self._rest = b""

    def __repr__(self) -> str:
        return f"<LogReader {self._path.name}, {len(self.logged)} lines tell something>"

    def start(self) -> None:
        """Until `stop`; the file need not be there yet."""
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Read no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def read_on(self) -> None:
        """Take what has been written since."""
        if not self._path.exists():
            return
        at_us = monotonic_ns() // 1_000
        with self._path.open("rb") as file:
            file.seek(self._offset)
            new = file.read()
        self._offset += len(new)
        *lines, self._rest = (self._rest + new).split(b"\n")
        for line in lines:
            one = telling(at_us, line.decode("utf-8", "replace"))
            if one is not None:
                self.logged.append(one)

    async def _follow(self) -> None:
        while True:
            self.read_on()
            await asyncio.sleep(LOOK_SECONDS)


def telling(at_us: int, line: str) -> Logged | None:
    """What a line tells; None for nothing."""
    arrived = ARRIVED.search(line)
    if arrived is not None:
        return Logged(at_us=at_us, arrived=arrived[1])
    return Logged(at_us=at_us) if LOST.search(line) else None
