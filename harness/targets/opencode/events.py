"""Listens to the server's announcements (GET /global/event) and stamps each with the time it came.

The server's messages say when they were made, not when they became durable. An announcement follows the
write. It must never replace what the server lists as stored.
"""

import asyncio
from contextlib import suppress
from typing import Any

import httpx
import msgspec

from firstbyte.harness.clock import monotonic_ns

PREFIX = "data:"
IDLE = "idle"


class Announced(msgspec.Struct, frozen=True, kw_only=True):
    """An announcement of a message or a session's state. parent: the message that it answers."""

    at_us: int
    session: str
    message: str = ""
    parent: str = ""
    is_completed: bool = False
    state: str = ""


class Listener:
    """One subscription. news: set at each announcement; whoever waits for the next one clears it first."""

    def __init__(self) -> None:
        self.announced: list[Announced] = []
        self.last_us = 0
        self.news = asyncio.Event()
        self._connected = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<Listener {len(self.announced)} announcements>"

    async def start(self, address: tuple[str, int]) -> None:
        """Subscribe to a running server. Returns when the subscription is confirmed."""
        await self.stop()
        self._connected.clear()
        self._task = asyncio.create_task(self._listen(f"http://{address[0]}:{address[1]}/global/event"))
        waiting = asyncio.create_task(self._connected.wait())
        try:
            await asyncio.wait([self._task, waiting], return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()

    async def stop(self) -> None:
        """End the subscription and keep the announcements."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _listen(self, url: str) -> None:
        with suppress(httpx.HTTPError):  # the server has ended
            async with (
                httpx.AsyncClient(timeout=None, trust_env=False) as client,
                client.stream("GET", url) as reply,
            ):
                async for line in reply.aiter_lines():
                    if line.startswith(PREFIX):
                        self._take(msgspec.json.decode(line.removeprefix(PREFIX)))

    def _take(self, frame: dict[str, Any]) -> None:
        self._connected.set()
        payload = frame.get("payload", {})
        at_us = monotonic_ns() // 1_000
        one = announcement(at_us, payload.get("type", ""), payload.get("properties", {}))
        if one is not None:
            self.last_us = at_us
            self.announced.append(one)
            self.news.set()


def announcement(at_us: int, kind: str, properties: dict[str, Any]) -> Announced | None:
    """Return what an event says about a message or a session, or None for other events."""
    match kind:
        case "message.updated":
            info = properties["info"]
            return Announced(
                at_us=at_us,
                session=info["sessionID"],
                message=info["id"],
                parent=info.get("parentID", ""),
                is_completed=bool(info.get("time", {}).get("completed")),
            )
        case "session.status":
            state = properties["status"]["type"]
            return Announced(at_us=at_us, session=properties["sessionID"], state=state)
        case "session.idle":
            return Announced(at_us=at_us, session=properties["sessionID"], state=IDLE)
        case _:
            return None
