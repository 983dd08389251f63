"""The event bus and the format of events on /event and /global/event.

1.2.20 sends `{type, properties}`, which /global/event wraps together with the directory. 1.18.33 adds an id,
the project and, on /global/event, a second `sync` frame for each stored event. Captured 2026-11-22. The bus
never waits for a slow reader.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Final

import msgspec

from firstbyte.reference_server.config import Api, Seconds
from firstbyte.reference_server.documents import Json, JsonObject, encoded, text_of
from firstbyte.reference_server.ids import Ids

PROJECT: Final = "global"
CONNECTED: Final = "server.connected"
HEARTBEAT: Final = "server.heartbeat"
# 1.18 stores these and sends them twice on /global/event, so that other instances can replay them.
STORED_KINDS: Final = frozenset(
    {"session.created", "session.updated", "message.updated", "message.part.updated"}
)
# A reader with more frames waiting is dropped: otherwise the server would run out of memory.
MOST_FRAMES_WAITING: Final = 20_000


class StreamKind(Enum):
    """The two streams."""

    DIRECTORY = "/event"
    GLOBAL = "/global/event"


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One event. `session` is empty if the event concerns the whole server."""

    type: str
    properties: JsonObject
    directory: str = ""
    session: str = ""
    id: str = ""
    number: int = 0


def frames(api: Api, kind: StreamKind, event: Event) -> list[bytes]:
    """Returns the event as complete `data:` frames. There are two if 1.18 adds a sync frame."""
    payload: dict[str, Json] = {"type": event.type, "properties": event.properties}
    if api is Api.V1_18:
        payload = {"id": event.id, **payload}
    if kind is StreamKind.DIRECTORY:
        return [frame(payload)]
    place: dict[str, Json] = {"directory": event.directory} if event.directory else {}
    if api is Api.V1_18 and place:
        place["project"] = PROJECT
    documents: list[JsonObject] = [{**place, "payload": payload}]
    if api is Api.V1_18 and event.type in STORED_KINDS:
        documents.append({**place, "payload": _sync(event)})
    return [frame(document) for document in documents]


def frame(document: Json) -> bytes:
    """Returns the document as one `data:` frame."""
    return b"data: " + encoded(document) + b"\n\n"


def _sync(event: Event) -> JsonObject:
    twin: JsonObject = {
        "id": event.id,
        "type": f"{event.type}.1",
        "seq": event.number,
        "aggregateID": event.session,
        "data": event.properties,
    }
    return {"type": "sync", "syncEvent": twin, "id": event.id}


class Reader:
    """One open stream, with a queue of the frames that are waiting to be sent. None ends it."""

    def __init__(self, api: Api, kind: StreamKind, directory: str) -> None:
        self._api = api
        self._kind = kind
        self._directory = directory
        self._waiting: asyncio.Queue[bytes | None] = asyncio.Queue()

    def __repr__(self) -> str:
        return f"<Reader {self._kind.value} {self._waiting.qsize()} frames waiting>"

    def offer(self, event: Event) -> None:
        """Queues the event's frames if the event belongs on this stream."""
        if self._kind is StreamKind.DIRECTORY and event.directory and event.directory != self._directory:
            return
        if self._waiting.qsize() > MOST_FRAMES_WAITING:
            self.end()
            return
        for data in frames(self._api, self._kind, event):
            self._waiting.put_nowait(data)

    def end(self) -> None:
        """Ends the stream after the queued frames have been sent."""
        self._waiting.put_nowait(None)

    async def next_frame(self) -> bytes | None:
        """Returns the next frame, or None at the end of the stream."""
        return await self._waiting.get()


class Heart:
    """Calls `beat` every `interval`, counted from now so that delays don't accumulate."""

    def __init__(self, loop: asyncio.AbstractEventLoop, interval: Seconds, beat: Callable[[], None]) -> None:
        self._loop = loop
        self._began = loop.time()
        self._interval = interval
        self._beat = beat
        self._count = 0
        self._timer = self._next()

    def __repr__(self) -> str:
        return f"<Heart {self._count} beats>"

    def stop(self) -> None:
        """Stops the calls."""
        self._timer.cancel()

    def _next(self) -> asyncio.TimerHandle:
        self._count += 1
        return self._loop.call_at(self._began + self._count * self._interval, self._on_time)

    def _on_time(self) -> None:
        self._beat()
        self._timer = self._next()


class Bus:
    """Gives each event to every open stream, in the order of publication."""

    def __init__(self, api: Api, ids: Ids, heartbeat: Seconds) -> None:
        self._api = api
        self._ids = ids
        self._heartbeat = heartbeat
        self._readers: list[Reader] = []
        self._numbers: defaultdict[str, int] = defaultdict(int)

    def __repr__(self) -> str:
        return f"<Bus {len(self._readers)} readers>"

    def publish(self, kind: str, properties: JsonObject, session: JsonObject) -> None:
        """Queues an event of this session on every stream. 1.18 puts the session's id into every event."""
        id_ = text_of(session, "id")
        number = self._numbers[id_]
        if kind in STORED_KINDS:
            self._numbers[id_] = number + 1
        if not self._readers:
            return
        if self._api is Api.V1_18:
            properties = {"sessionID": id_, **properties}
        directory = text_of(session, "directory")
        event = self._event(kind, properties, directory=directory, session=id_, number=number)
        for reader in self._readers:
            reader.offer(event)

    @contextmanager
    def reading(self, kind: StreamKind, directory: str) -> Iterator[Reader]:
        """Opens a stream. It starts with server.connected and gets regular heartbeats."""
        loop = asyncio.get_running_loop()
        reader = Reader(self._api, kind, directory)
        reader.offer(self._event(CONNECTED, {}))

        heart = Heart(loop, self._heartbeat, lambda: reader.offer(self._event(HEARTBEAT, {})))
        self._readers.append(reader)
        try:
            yield reader
        finally:
            heart.stop()
            self._readers.remove(reader)

    def _event(
        self, kind: str, properties: JsonObject, *, directory: str = "", session: str = "", number: int = 0
    ) -> Event:
        id_ = self._ids.ascending("evt") if self._api is Api.V1_18 else ""
        return Event(
            type=kind, properties=properties, directory=directory, session=session, id=id_, number=number
        )
