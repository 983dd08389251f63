"""Operations in the sense of OpenAPI: each defines both its route and its part of the OpenAPI document.

Because both come from one object, the document describes exactly what is served.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import wraps
from typing import Final

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from firstbyte.reference_server.documents import Json, JsonObject, encoded
from firstbyte.reference_server.errors import RequestRefused
from firstbyte.reference_server.headers import HeaderLine, http_date, json_body
from firstbyte.reference_server.schemas import ref
from firstbyte.reference_server.service import service_of

type Endpoint = Callable[[Request], Awaitable[Response]]


class ResponseSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One response that an operation may give. A `schema` of None means no body."""

    status: int
    description: str
    schema: JsonObject | None = None
    media_type: str = "application/json"


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """A query parameter or a request header."""

    name: str
    place: str = "query"
    schema: JsonObject = msgspec.field(default_factory=lambda: {"type": "string"})


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """A method on a path. `body` names the schema of the request's body; it is empty for none."""

    method: str
    path: str
    id: str
    summary: str
    endpoint: Endpoint
    responses: Sequence[ResponseSpec]
    body: str = ""
    parameters: Sequence[Parameter] = ()

    def route(self) -> Route:
        """Returns the Starlette route."""
        return Route(self.path, _refusable(self.endpoint), methods=[self.method], name=self.id)


def operation(
    where: str,
    id_: str,
    summary: str,
    endpoint: Endpoint,
    *responses: ResponseSpec,
    body: str = "",
    parameters: Sequence[Parameter] = (),
) -> Operation:
    """Returns an operation. `where` is its method and path, such as "GET /session"."""
    method, path = where.split()
    return Operation(
        method=method, path=path, id=id_, summary=summary, endpoint=endpoint, responses=responses, body=body,
        parameters=parameters,
    )  # fmt: skip


def ok(description: str, schema: JsonObject) -> ResponseSpec:
    """Returns a 200 with a JSON document."""
    return ResponseSpec(status=200, description=description, schema=schema)


BAD_REQUEST: Final = ResponseSpec(
    status=400, description="The request is malformed", schema=ref("BadRequest")
)
NO_SESSION: Final = ResponseSpec(status=404, description="No such session", schema=ref("NotFound"))


class RawResponse(Response):
    """A response whose header lines are sent with their given spelling and order."""

    def __init__(self, status: int, headers: list[HeaderLine], data: bytes) -> None:
        self.status_code = status
        self.body = data
        self.background = None
        self.raw_headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the response."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


class _Silence(Response):
    """No response, for a client that left before it had sent its whole request. The ledger records that."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends nothing."""


def json_reply(
    request: Request, document: Json, status: int = 200, extra: tuple[HeaderLine, ...] = ()
) -> RawResponse:
    """Returns a JSON response with the headers of the server's API."""
    core = service_of(request).core
    data = encoded(document)
    headers = json_body(core.config.api, http_date(core.env.wall_ms()), len(data))
    return RawResponse(status, [*headers, *extra], data)


def _refusable(endpoint: Endpoint) -> Endpoint:
    @wraps(endpoint)
    async def with_refusals(request: Request) -> Response:
        try:
            return await endpoint(request)
        except RequestRefused as refused:
            return json_reply(request, refused.document, refused.status)
        except ClientDisconnect:
            return _Silence()

    return with_refusals
