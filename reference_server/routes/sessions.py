"""Sessions and their messages: create, list, read, status, abort."""

import base64
import binascii
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from firstbyte.reference_server.config import Api
from firstbyte.reference_server.documents import Json, text_of
from firstbyte.reference_server.errors import bad_request, not_found
from firstbyte.reference_server.headers import HeaderLine
from firstbyte.reference_server.operations import Operation, Parameter, ResponseSpec, json_reply
from firstbyte.reference_server.routes.requests import directory_of, json_object, known_session, session_id
from firstbyte.reference_server.schemas import TRUE, list_of, ref
from firstbyte.reference_server.service import service_of
from firstbyte.reference_server.sessions import create_session
from firstbyte.reference_server.store import Message
from firstbyte.reference_server.work import message_document


async def _create(request: Request) -> Response:
    body = await json_object(request)
    return json_reply(
        request, create_session(service_of(request).core, directory_of(request), text_of(body, "title"))
    )


async def _list(request: Request) -> Response:
    directory = request.query_params.get("directory")
    sessions = service_of(request).core.store.sessions()
    shown = [session for session in sessions if not directory or session["directory"] == directory]
    return json_reply(request, shown[: _limit(request)])


async def _read(request: Request) -> Response:
    return json_reply(request, known_session(request))


async def _status(request: Request) -> Response:
    busy: dict[str, Json] = {id_: {"type": "busy"} for id_ in service_of(request).work.busy_sessions()}
    return json_reply(request, busy)


async def _abort(request: Request) -> Response:
    service_of(request).work.abort(session_id(request))
    return json_reply(request, True)


async def _messages(request: Request) -> Response:
    known_session(request)
    core = service_of(request).core
    messages = _before(request, core.store.messages(session_id(request)))
    shown = messages[-limit:] if (limit := _limit(request)) is not None else messages
    extra: tuple[HeaderLine, ...] = ()
    if core.config.api is Api.V1_18 and len(shown) < len(messages):
        extra = ((b"x-next-cursor", base64.urlsafe_b64encode(shown[0].id.encode())),)
    return json_reply(request, [message_document(core, message) for message in shown], extra=extra)


async def _message(request: Request) -> Response:
    known_session(request)
    core = service_of(request).core
    message = core.store.message(session_id(request), str(request.path_params["messageID"]))
    if message is None:
        raise not_found(f"Message not found: {request.path_params['messageID']}")
    return json_reply(request, message_document(core, message))


def _before(request: Request, messages: list[Message]) -> list[Message]:
    cursor = request.query_params.get("before")
    if not cursor:
        return messages
    try:
        id_ = base64.b64decode(cursor.encode(), b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise _bad_query(request, "before", "a cursor from x-next-cursor") from None
    ids = [message.id for message in messages]
    return messages[: ids.index(id_)] if id_ in ids else []


def _limit(request: Request) -> int | None:
    text = request.query_params.get("limit")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS and int(text) > 0):
        raise _bad_query(request, "limit", "a whole number from 1")
    return int(text)


def _bad_query(request: Request, name: str, expected: str) -> Exception:
    got = request.query_params[name]
    return bad_request(
        service_of(request).core.config.api, f"query parameter {name}: expected {expected}, got '{got}'"
    )


_MOST_DIGITS: Final = 9
_MISSING: Final = ResponseSpec(status=404, description="No such session", schema=ref("NotFound"))
_BAD: Final = ResponseSpec(status=400, description="The request is malformed", schema=ref("BadRequest"))
_DIRECTORY: Final = Parameter(name="directory")
_LIMIT: Final = Parameter(name="limit", schema={"type": "integer", "minimum": 1})

OPERATIONS: Final = (
    Operation(
        method="POST",
        path="/session",
        id="session.create",
        summary="Make a session",
        endpoint=_create,
        body="NewSession",
        responses=[ResponseSpec(status=200, description="The session", schema=ref("Session")), _BAD],
        parameters=[_DIRECTORY],
    ),
    Operation(
        method="GET",
        path="/session",
        id="session.list",
        summary="Sessions, newest first",
        endpoint=_list,
        responses=[
            ResponseSpec(status=200, description="The sessions", schema=list_of(ref("Session"))),
            _BAD,
        ],
        parameters=[_DIRECTORY, _LIMIT],
    ),
    Operation(
        method="GET",
        path="/session/status",
        id="session.status",
        summary="Busy sessions; idle ones are absent",
        endpoint=_status,
        responses=[ResponseSpec(status=200, description="By session id", schema=ref("SessionStatus"))],
    ),
    Operation(
        method="GET",
        path="/session/{sessionID}",
        id="session.get",
        summary="One session",
        endpoint=_read,
        responses=[ResponseSpec(status=200, description="The session", schema=ref("Session")), _MISSING],
    ),
    Operation(
        method="GET",
        path="/session/{sessionID}/message",
        id="session.messages",
        summary="A session's messages, oldest first",
        endpoint=_messages,
        responses=[
            ResponseSpec(status=200, description="The messages", schema=list_of(ref("Message"))),
            _BAD,
            _MISSING,
        ],
        parameters=[_LIMIT, Parameter(name="before")],
    ),
    Operation(
        method="GET",
        path="/session/{sessionID}/message/{messageID}",
        id="session.message",
        summary="One message",
        endpoint=_message,
        responses=[ResponseSpec(status=200, description="The message", schema=ref("Message")), _MISSING],
    ),
    Operation(
        method="POST",
        path="/session/{sessionID}/abort",
        id="session.abort",
        summary="Stop what the session is doing",
        endpoint=_abort,
        responses=[ResponseSpec(status=200, description="Always true", schema=TRUE)],
    ),
)
