"""The adapter file of a user's own server: a TOML that says how to make a session, send a message, and ask
the server what it has stored.

The file need not hold a secret: `{env:NAME}` stands for an environment variable.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from firstbyte.harness.files.json_path import BadPath, steps_of
from firstbyte.harness.files.loader import decode, read_toml
from firstbyte.harness.model.units import BadDuration, Duration, as_seconds, parse_duration, seconds
from firstbyte.harness.problems import BadInput

VERSION = 1
WITH_VALUE = frozenset({"env", "scaled"})
KNOWN = frozenset({"session", "text", "message", "port"})
_PLACE = re.compile(r"\{(\w+)(?::(\w+))?\}")
_METHODS = frozenset({"POST", "PUT", "PATCH"})

type Values = dict[str, str]


class CallTemplate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One request, with places such as {text} in its strings. json, form: the body, as one of the two."""

    path: str
    method: str = "POST"
    headers: dict[str, str] = {}
    json: dict[str, Any] | None = None
    form: dict[str, str] | None = None


class Session(CallTemplate, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The request that makes a session. id: the path of its id in the JSON answer."""

    id: str


class TruthQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A GET request for what the server has stored, and paths into its JSON.

    messages: selects all messages. role, text, id, at: paths inside a message. mine: the role of the user.
    at: seconds or milliseconds since 1970; '' = the server does not say. quiet: the server is idle if nothing
    has changed for this long.
    """

    path: str
    messages: str
    role: str
    text: str
    id: str
    mine: str = "user"
    at: str = ""
    headers: dict[str, str] = {}
    quiet: Duration = seconds(2)


class Start(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to start the server, for scenarios that kill it.

    command: its first word is looked up beside this file, then on PATH; {port} stands for the port. In it and
    in environment, {scaled:130s} stands for 130 s divided by the run's time scale, in seconds. ready: a path
    that answers 200. copy: a folder beside this file; each run works in a copy of it, so that every run
    begins with an empty store.
    """

    command: tuple[str, ...]
    ready: str
    copy: str = ""
    environment: dict[str, str] = {}


class ServerFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One server. url: used if the command line names none and the server is not started. session: None = the
    client chooses the session's id.
    """

    version: int
    name: str
    send: CallTemplate
    truth: TruthQuery
    url: str = ""
    session: Session | None = None
    start: Start | None = None


def load_server(path: Path) -> ServerFile:
    """Read an adapter file. Raises BadInput with file, key, reason and cure."""
    server = decode(read_toml(path), ServerFile, path)
    complaint = next(_complaints(server), "")
    if complaint:
        raise BadInput(f"{path}: {complaint}")
    return server


def _complaints(server: ServerFile) -> Iterator[str]:
    if server.version != VERSION:
        yield f"version: {server.version} is not known; this firstbyte reads {VERSION}"
    if server.send.method not in _METHODS:
        yield f"send.method: '{server.send.method}' sends no body; write POST, PUT or PATCH"
    for key, call in _calls(server):
        if call.json is not None and call.form is not None:
            yield f"{key}: has both json and form; leave one out"
    for key, text in _strings(server):
        yield from _place_complaints(key, text)
    if not _mentions(server.send, "text"):
        yield "send: nothing in json or form says {text}, so no message would be sent"
    if not (_mentions(server.send, "session") or "{session}" in server.truth.path):
        yield "send: neither send nor truth.path says {session}: two runs would see each other's messages"
    for key in ("messages", "role", "text", "id", *(("at",) if server.truth.at else ())):
        yield from _path_complaints(f"truth.{key}", getattr(server.truth, key))
    if server.session is not None:
        yield from _path_complaints("session.id", server.session.id)


def _calls(server: ServerFile) -> list[tuple[str, CallTemplate]]:
    session = [] if server.session is None else [("session", server.session)]
    return [*session, ("send", server.send)]


def _strings(server: ServerFile) -> list[tuple[str, str]]:
    found = [(f"{key}.{part}", text) for key, call in _calls(server) for part, text in _of_call(call)]
    found += [("truth.path", server.truth.path)]
    found += [(f"truth.headers.{name}", text) for name, text in server.truth.headers.items()]
    if server.start is not None:
        found += [("start.command", word) for word in server.start.command]
        found += [(f"start.environment.{name}", text) for name, text in server.start.environment.items()]
    return found


def _of_call(call: CallTemplate) -> list[tuple[str, str]]:
    found = [("path", call.path), *((f"headers.{name}", text) for name, text in call.headers.items())]
    return (
        found
        + [("json", text) for text in _leaves(call.json)]
        + [("form", text) for text in _leaves(call.form)]
    )


def _leaves(value: object) -> list[str]:
    match value:
        case str():
            return [value]
        case dict():
            return [text for inner in value.values() for text in _leaves(inner)]
        case list():
            return [text for inner in value for text in _leaves(inner)]
        case _:
            return []


def _place_complaints(key: str, text: str) -> Iterator[str]:
    for name, variable in _PLACE.findall(text):
        is_known = bool(variable) if name in WITH_VALUE else name in KNOWN and not variable
        if not is_known:
            yield f"{key}: {{{name}}} is not known; there is {{session}}, {{text}}, {{message}}, {{env:NAME}}"
        elif name == "scaled":
            yield from _duration_complaints(key, variable)


def _duration_complaints(key: str, text: str) -> Iterator[str]:
    try:
        parse_duration(text)
    except BadDuration as error:
        yield f"{key}: {error}"


def _path_complaints(key: str, path: str) -> Iterator[str]:
    try:
        steps_of(path)
    except BadPath as error:
        yield f"{key}: {error}"


def _mentions(call: CallTemplate, name: str) -> bool:
    return any(f"{{{name}}}" in text for _, text in _of_call(call))


def takes_ids(server: ServerFile) -> bool:
    """Whether the client chooses the message's id."""
    return _mentions(server.send, "message")


def scales(server: ServerFile) -> bool:
    """Whether the server is started with times that follow the run's time scale."""
    return any(key.startswith("start.") and "{scaled:" in text for key, text in _strings(server))


def fill(text: str, values: Values, *, is_path: bool = False, scale: float = 1) -> str:
    """Return the text with its places filled. In a path the values are percent-encoded."""

    def value(found: re.Match[str]) -> str:
        if found[1] == "env":
            if found[2] not in os.environ:
                raise BadInput(f"{{env:{found[2]}}}: there is no environment variable {found[2]}; set it")
            return os.environ[found[2]]
        if found[1] == "scaled":
            return f"{as_seconds(parse_duration(found[2])) / scale:g}"
        word = values.get(found[1], "")
        return quote(word, safe="") if is_path else word

    return _PLACE.sub(value, text)


def fill_json(value: Any, values: Values) -> Any:
    """Return the document with the places in its strings filled."""
    match value:
        case str():
            return fill(value, values)
        case dict():
            return {key: fill_json(inner, values) for key, inner in value.items()}
        case list():
            return [fill_json(inner, values) for inner in value]
        case _:
            return value
