"""The two event streams.

The first frame is sent immediately, and with it the header. A heartbeat follows every 10 s.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from firstbyte.reference_server.core import Core
from firstbyte.reference_server.events import StreamKind
from firstbyte.reference_server.headers import event_stream, http_date
from firstbyte.reference_server.operations import Parameter, ResponseSpec, operation
from firstbyte.reference_server.response_writer import writer_of
from firstbyte.reference_server.routes.requests import directory_of
from firstbyte.reference_server.schemas import STRING
from firstbyte.reference_server.service import service_of


class EventStream(Response):
    """An endless response that sends each event as it happens."""

    def __init__(self, core: Core, kind: StreamKind, directory: str) -> None:
        self._core = core
        self._kind = kind
        self._directory = directory
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends events until the client leaves or is too slow."""
        headers = event_stream(self._core.config.api, http_date(self._core.env.wall_ms()))
        with self._core.bus.reading(self._kind, self._directory) as reader:
            writer_of(scope).when_gone(reader.end)
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            while (data := await reader.next_frame()) is not None:
                await send({"type": "http.response.body", "body": data, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _directory_events(request: Request) -> Response:
    return EventStream(service_of(request).core, StreamKind.DIRECTORY, directory_of(request))


async def _global_events(request: Request) -> Response:
    return EventStream(service_of(request).core, StreamKind.GLOBAL, "")


_EVENTS: Final = ResponseSpec(
    status=200, description="Event stream", schema=STRING, media_type="text/event-stream"
)
OPERATIONS: Final = (
    operation(
        "GET /event",
        "event.subscribe",
        "Events of one directory",
        _directory_events,
        _EVENTS,
        parameters=[Parameter(name="directory")],
    ),
    operation("GET /global/event", "global.event", "Events of all directories", _global_events, _EVENTS),
)
