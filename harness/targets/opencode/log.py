"""Follows the server's log and stamps each relevant line with the time it was read.

The server announces neither arrivals nor losses, but 1.2.x logs each request and all versions log errors. The
log must never replace what the server lists as stored.
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
    """One relevant line. arrived: the operation of a request; '' = a write has failed."""

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
        return f"<LogReader {self._path.name}, {len(self.logged)} relevant lines>"

    def start(self) -> None:
        """Follow the file until `stop`. It need not exist yet."""
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Stop following."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def read_on(self) -> tuple[Logged, ...]:
        """Read what has been written since the last time. Returns all relevant lines so far."""
        if not self._path.exists():
            return tuple(self.logged)
        at_us = monotonic_ns() // 1_000
        with self._path.open("rb") as file:
            file.seek(self._offset)
            new = file.read()
        self._offset += len(new)
        *lines, self._rest = (self._rest + new).split(b"\n")
        for line in lines:
            logged = parse_line(at_us, line.decode("utf-8", "replace"))
            if logged is not None:
                self.logged.append(logged)
        return tuple(self.logged)

    async def _follow(self) -> None:
        while True:
            self.read_on()
            await asyncio.sleep(LOOK_SECONDS)


def parse_line(at_us: int, line: str) -> Logged | None:
    """Return what a line says, or None if it isn't relevant."""
    arrived = ARRIVED.search(line)
    if arrived is not None:
        return Logged(at_us=at_us, arrived=arrived[1])
    return Logged(at_us=at_us) if LOST.search(line) else None
