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
from firstbyte.reference_server.operations import (
    BAD_REQUEST,
    NO_SESSION,
    Parameter,
    json_reply,
    ok,
    operation,
)
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
_DIRECTORY: Final = Parameter(name="directory")
_LIMIT: Final = Parameter(name="limit", schema={"type": "integer", "minimum": 1})
_SESSION: Final = ok("The session", ref("Session"))
_SESSIONS: Final = ok("The sessions", list_of(ref("Session")))
_MESSAGE: Final = ok("The message", ref("Message"))

OPERATIONS: Final = (
    operation(
        "POST /session",
        "session.create",
        "Make a session",
        _create,
        _SESSION,
        BAD_REQUEST,
        body="NewSession",
        parameters=[_DIRECTORY],
    ),
    operation(
        "GET /session",
        "session.list",
        "Sessions, newest first",
        _list,
        _SESSIONS,
        BAD_REQUEST,
        parameters=[_DIRECTORY, _LIMIT],
    ),
    operation(
        "GET /session/status",
        "session.status",
        "Busy sessions; idle ones are absent",
        _status,
        ok("By session id", ref("SessionStatus")),
    ),
    operation("GET /session/{sessionID}", "session.get", "One session", _read, _SESSION, NO_SESSION),
    operation(
        "GET /session/{sessionID}/message",
        "session.messages",
        "A session's messages, oldest first",
        _messages,
        ok("The messages", list_of(ref("Message"))),
        BAD_REQUEST,
        NO_SESSION,
        parameters=[_LIMIT, Parameter(name="before")],
    ),
    operation(
        "GET /session/{sessionID}/message/{messageID}",
        "session.message",
        "One message",
        _message,
        _MESSAGE,
        NO_SESSION,
    ),
    operation(
        "POST /session/{sessionID}/abort",
        "session.abort",
        "Stop what the session is doing",
        _abort,
        ok("Always true", TRUE),
    ),
)
