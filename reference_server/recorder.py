"""ASGI middleware that records each request in the ledger.

Requests for the ledger itself and for the page's files are not recorded, so that reading the ledger doesn't
change it.
"""

from typing import Final, cast

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from firstbyte.reference_server.config import Api, ServerConfig
from firstbyte.reference_server.ledger import LedgerEvent, LedgerTable, Ticket
from firstbyte.reference_server.response_writer import writer_of

_KEY: Final = "firstbyte.record"
_UNRECORDED: Final = ("/_firstbyte/", "/ui/")


class RequestRecord:
    """The ledger's record of one request. Its `ticket` is completed once the prompt is known."""

    def __init__(self, ledger: LedgerTable, request: str) -> None:
        self._ledger = ledger
        self.ticket = Ticket(request=request)

    def __repr__(self) -> str:
        return f"<RequestRecord {self.ticket.request}>"

    def header_sent(self, status: int) -> None:
        """Records that the complete header block was sent."""
        self._ledger.write(LedgerEvent.HEADER_SENT, self.ticket, {"status": status})

    def response_completed(self, body_bytes: int) -> None:
        """Records that the whole response was sent."""
        self._ledger.write(LedgerEvent.RESPONSE_COMPLETED, self.ticket, {"body_bytes": body_bytes})

    def client_gone(self) -> None:
        """Records that the client left before the end of the response."""
        self._ledger.write(LedgerEvent.CLIENT_GONE, self.ticket)


class RequestRecorder:
    """The middleware."""

    def __init__(self, app: ASGIApp, ledger: LedgerTable, config: ServerConfig) -> None:
        self._app = app
        self._ledger = ledger
        self._config = config
        self._count = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Records the arrival, listens to the response writer, and serves the request."""
        if scope["type"] == "http" and not scope["path"].startswith(_UNRECORDED):
            record = scope[_KEY] = RequestRecord(self._ledger, self._request_id(scope))
            self._ledger.write(LedgerEvent.ARRIVED, record.ticket, self._detail(scope))
            writer_of(scope).listen(record)
        await self._app(scope, receive, send)

    def _request_id(self, scope: Scope) -> str:
        self._count += 1
        return _header(scope, b"x-firstbyte-request") or f"r{self._count}"

    def _detail(self, scope: Scope) -> dict[str, str]:
        path = str(scope["path"])
        detail = {"method": str(scope["method"]), "path": path}
        if handler := self._handler(scope):
            detail["handler"] = handler
        return detail

    def _handler(self, scope: Scope) -> str:
        if scope["method"] != "POST":
            return ""
        match str(scope["path"]).rpartition("/")[2]:
            case "prompt_async":
                return _header(scope, b"x-firstbyte-handler") or self._config.handler
            case "command" | "shell":
                return "await-result"
            case "message":
                return "stream-partial-header" if self._config.api is Api.V1_2 else "await-result"
            case _:
                return ""


def record_of(request: Request) -> RequestRecord:
    """Returns the record of this request."""
    return cast("RequestRecord", request.scope[_KEY])


def _header(scope: Scope, name: bytes) -> str:
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return ""
