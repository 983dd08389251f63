"""A scripted server and a watcher on loopback sockets: a step waits for what the other side has seen."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from firstbyte.harness.model.timeline import Event, Kind

type Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
type Address = tuple[str, int]

LOOPBACK = "127.0.0.1"


@asynccontextmanager
async def serving(script: Script) -> AsyncIterator[Address]:
    """Play `script` to every connection; the connection is closed when it returns."""
    playing: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        playing.add(task)
        try:
            with suppress(ConnectionError, asyncio.CancelledError):
                await script(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(connected, LOOPBACK, 0)
    try:
        yield server.sockets[0].getsockname()
    finally:
        server.close()
        for task in playing:
            task.cancel()
        await asyncio.gather(*playing, return_exceptions=True)


async def head_of(reader: asyncio.StreamReader) -> bytes:
    """One request's head; raises ConnectionError at the end."""
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        raise ConnectionError("no more requests") from error


class Watcher:
    """Collects events; a script can wait until one has been seen."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._changed = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Watcher {[str(kind) for kind in self.kinds()]}>"

    def report(self, event: Event) -> None:
        """What a client reports to."""
        self.events.append(event)
        self._changed.set()

    def kinds(self) -> list[Kind]:
        """What was reported, in order."""
        return [event.kind for event in self.events]

    def data(self, kind: Kind) -> list[dict[str, str | int | bool]]:
        """The data of the events of one kind."""
        return [event.data for event in self.events if event.kind is kind]

    async def until(self, kind: Kind, count: int = 1) -> None:
        """Wait for the `count`th event of a kind."""
        async with asyncio.timeout(10):
            while self.kinds().count(kind) < count:
                self._changed.clear()
                await self._changed.wait()
