"""The scripted origin with an eye on its connections: how the edge left each of them."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import msgspec

from firstbyte.harness.model.shape import Shape
from firstbyte.harness.model.timeline import Event
from firstbyte.harness.origin.account import Account, Entry, events_of
from firstbyte.harness.origin.shape_server import Connection, ShapeServer


class Watched(Connection):
    """One connection. saw: "fin" or "rst" once the edge has left it, before the origin did."""

    saw = ""
    has_request = False

    def __repr__(self) -> str:
        return f"<Watched {self.saw or 'open'}>"

    async def _read(self) -> None:
        await super()._read()
        error = self._reader.exception()
        self.saw = "rst" if isinstance(error, ConnectionError) else "fin"

    def read_on(self) -> None:
        """After a shape that stopped reading: only who reads sees how it was left."""
        self._may_read.set()

    async def linger(self) -> None:
        """As every origin does; this one remembers how the edge ended it."""
        is_late = self._gone.is_set() or self._all_in.is_set() or self._writer.is_closing()
        try:
            await super().linger()
        except ConnectionError:
            self.saw = "rst"
            raise
        if not is_late:
            self.saw = "fin"


class WatchedOrigin(ShapeServer):
    """Plays one shape; remembers every connection that carried a request.

    events: what it saw, in the order it happened; client and edge may add theirs.
    """

    def __init__(self, shape: Shape, now: Callable[[], int]) -> None:
        super().__init__(shape, now)
        self.events: list[Event] = []
        self._watched: list[Watched] = []
        self._left = asyncio.Event()

    def __repr__(self) -> str:
        return f"<WatchedOrigin {self._shape.id}, {self.requests} requests>"

    def forget(self) -> None:
        """What was seen so far belongs to an earlier playing."""
        self.events = []
        self._rows.clear()
        self._messages.clear()
        self._watched.clear()
        self._left.clear()

    @property
    def requests(self) -> int:
        """How often a request's head has come in."""
        return sum(row["event"] == "arrived" for row in self._rows)

    async def saw(self, grace_seconds: float) -> str:
        """How the edge left the connection of the last request: fin | rst | nothing within the time."""
        for one in self._watched:
            one.read_on()
        if not self._last_saw():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._left.wait(), grace_seconds)
        return self._last_saw() or "nothing"

    def _last_saw(self) -> str:
        carried = [one for one in self._watched if one.has_request]
        return carried[-1].saw if carried else ""

    def note(self, event: str, request: object, **detail: object) -> None:
        """Remember which connection it was, too."""
        super().note(event, request, **detail)  # type: ignore[arg-type] # Incoming, as the base says
        entry = msgspec.convert(self._rows[-1], Entry)
        self.events += events_of(Account(events=(entry,)), int)
        if event == "arrived":
            for one in self._watched:
                if one._request is request:
                    one.has_request = True
                    self._watched.remove(one)
                    self._watched.append(one)
                    return

    def _new_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Watched:
        self._watched.append(Watched(self, self._shape, reader, writer))
        return self._watched[-1]

    def _on_end(self, connection: Connection) -> None:
        assert isinstance(connection, Watched)
        if not connection.saw and isinstance(connection._reader.exception(), ConnectionError):
            connection.saw = "rst"
        if connection.has_request:
            self._left.set()
