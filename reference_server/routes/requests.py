"""Reads the parts of a request that several routes use."""

from urllib.parse import unquote

from starlette.requests import Request

from firstbyte.reference_server.documents import Json, JsonObject, MalformedDocument, parsed
from firstbyte.reference_server.errors import bad_request, not_found
from firstbyte.reference_server.service import service_of


def directory_of(request: Request) -> str:
    """Returns the request's project directory: from the query, the header, or the configuration."""
    # The published client library percent-encodes the header because a path may hold any character.
    header = unquote(request.headers.get("x-opencode-directory", ""))
    return request.query_params.get("directory") or header or service_of(request).core.config.directory


def known_session(request: Request) -> JsonObject:
    """Returns the session in the path. Raises RequestRefused (404)."""
    id_ = session_id(request)
    session = service_of(request).core.store.session(id_)
    if session is None:
        raise not_found(f"Session not found: {id_}")
    return session


def session_id(request: Request) -> str:
    """Returns the session id in the path, whether or not the session exists."""
    return str(request.path_params["sessionID"])


async def json_object(request: Request) -> JsonObject:
    """Returns the request's body, or {} if there is none. Raises RequestRefused (400)."""
    raw = await request.body()
    api = service_of(request).core.config.api
    if not raw:
        return {}
    try:
        document: Json = parsed(raw)
    except MalformedDocument as error:
        raise bad_request(api, f"Malformed JSON in request body: {error}") from None
    if not isinstance(document, dict):
        raise bad_request(api, "The request body must be a JSON object")
    return document
