"""A prompt: how it is read from a request, and how it becomes durable.

`persist` is the only place where a user message is written, in one transaction with its ledger row. A prompt
that comes again with the same messageID and part ids changes nothing; with the same messageID and no part
ids, the message has its text twice. Both were measured on 1.2.20 and 1.18.33, 2026-11-22. An event must never
be published before its subject is durable.
"""

from enum import Enum
from typing import Final

import msgspec

from firstbyte.reference_server.config import Api
from firstbyte.reference_server.core import Core
from firstbyte.reference_server.documents import Json, JsonObject, object_of, objects_of, text_of
from firstbyte.reference_server.errors import Problem, bad_body
from firstbyte.reference_server.ledger import LedgerEvent, Ticket
from firstbyte.reference_server.sessions import publish, publish_session, touched
from firstbyte.reference_server.store import Message

DEFAULT_MODEL: Final[JsonObject] = {"providerID": "fake", "modelID": "m"}
DEFAULT_AGENT: Final = "build"
_PART_TYPES: Final = frozenset({"text", "file", "agent", "subtask"})


class PromptKind(Enum):
    """The kind of answer: the model's, or the output of a simulated shell command."""

    MODEL = "model"
    SHELL = "shell"


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """What a user sent. If `message_id` is empty, the server chooses one."""

    message_id: str = ""
    parts: tuple[JsonObject, ...]
    agent: str = DEFAULT_AGENT
    model: JsonObject = msgspec.field(default_factory=lambda: DEFAULT_MODEL)
    wants_reply: bool = True
    kind: PromptKind = PromptKind.MODEL
    shell_command: str = ""

    @property
    def text(self) -> str:
        """The text of all text parts, one line each."""
        return joined_text(self.parts)


def joined_text(parts: list[JsonObject] | tuple[JsonObject, ...]) -> str:
    """Returns the text of all text parts, one line each."""
    return "\n".join(text_of(part, "text") for part in parts if part.get("type") == "text")


def read_prompt(api: Api, body: JsonObject) -> Prompt:
    """Reads the prompt in a request's body. Raises RequestRefused with the 400 of this API."""
    if problems := _problems(body):
        raise bad_body(api, problems, body)
    model = object_of(body, "model")
    return Prompt(
        message_id=text_of(body, "messageID"),
        parts=tuple(objects_of(body, "parts")),
        agent=text_of(body, "agent", DEFAULT_AGENT),
        model={key: text_of(model, key) for key in DEFAULT_MODEL} if model else DEFAULT_MODEL,
        wants_reply=body.get("noReply") is not True,
    )


def persist(core: Core, ticket: Ticket, prompt: Prompt) -> Message:
    """Makes the prompt durable, then publishes its events. Raises LookupError if its session is gone."""
    session = core.store.session(ticket.session)
    if session is None:
        raise LookupError(f"session {ticket.session} vanished while a prompt for it was being persisted")
    message = _user_message(core, ticket, prompt)
    parts = [_owned_part(core, message, part) for part in prompt.parts]
    session = touched(core, session)
    if core.config.api is Api.V1_18:
        session = {**session, "agent": prompt.agent, "model": _session_model(prompt.model)}
    with core.store.transaction():
        is_new = core.store.put_message(message)
        for part in parts:
            core.store.put_part(part)
        core.store.put_session(session)
        core.ledger.write(LedgerEvent.PERSISTED, ticket, {} if is_new else {"duplicate": True})
        if is_new:
            core.ledger.write(LedgerEvent.EFFECT, ticket)
    _publish_prompt(core, session, message, parts)
    return message


def find_stored(core: Core, ticket: Ticket, prompt: Prompt) -> Message | None:
    """Returns the message if it is already stored with all these parts, and records the duplicate."""
    message = core.store.message(ticket.session, ticket.message)
    if message is None:
        return None
    stored = {text_of(part, "id") for part in core.store.parts(message)}
    if not {text_of(part, "id") for part in prompt.parts} <= stored:
        return None
    core.ledger.write(LedgerEvent.PERSISTED, ticket, {"duplicate": True})
    return message


def _user_message(core: Core, ticket: Ticket, prompt: Prompt) -> Message:
    info: JsonObject = {
        "id": ticket.message,
        "sessionID": ticket.session,
        "role": "user",
        "time": {"created": core.env.wall_ms()},
        "agent": prompt.agent,
        "model": prompt.model,
    }
    # A message without a reply needs no answer, neither now nor when the next prompt comes.
    is_answered = not prompt.wants_reply
    return Message(
        session=ticket.session,
        id=ticket.message,
        role="user",
        intent=ticket.intent,
        is_answered=is_answered,
        info=info,
    )


def _owned_part(core: Core, message: Message, part: JsonObject) -> JsonObject:
    id_ = text_of(part, "id") or core.ids.ascending("prt")
    rest = {key: value for key, value in part.items() if key != "id"}
    return {"id": id_, "sessionID": message.session, "messageID": message.id, **rest}


def _session_model(model: JsonObject) -> JsonObject:
    return {"id": model.get("modelID"), "providerID": model.get("providerID"), "variant": "default"}


def _publish_prompt(core: Core, session: JsonObject, message: Message, parts: list[JsonObject]) -> None:
    if core.config.api is Api.V1_18:
        publish_session(core, "session.updated", session)
    publish(core, "message.updated", session, {"info": message.info})
    for part in parts:
        publish(core, "message.part.updated", session, part_properties(core, part))
    publish_session(core, "session.updated", session)


def part_properties(core: Core, part: JsonObject) -> JsonObject:
    """Returns the properties of a message.part.updated event. 1.18 adds the time."""
    if core.config.api is Api.V1_18:
        return {"part": part, "time": core.env.wall_ms()}
    return {"part": part}


def _problems(body: JsonObject) -> list[Problem]:
    parts = body.get("parts")
    if not isinstance(parts, list):
        return [Problem(path=("parts",), expected="array", received=json_type(parts, "parts" in body))]
    problems = [problem for number, part in enumerate(parts) for problem in _part_problems(number, part)]
    return problems + _id_problems(("messageID",), body, "messageID", "msg")


def _part_problems(number: int, part: Json) -> list[Problem]:
    if not isinstance(part, dict):
        return [Problem(path=("parts", number), expected="object", received=json_type(part, True))]
    if part.get("type") not in _PART_TYPES:
        received = json_type(part.get("type"), "type" in part)
        return [
            Problem(path=("parts", number, "type"), expected="text|file|agent|subtask", received=received)
        ]
    if part["type"] == "text" and not isinstance(part.get("text"), str):
        received = json_type(part.get("text"), "text" in part)
        return [Problem(path=("parts", number, "text"), expected="string", received=received)]
    return _id_problems(("parts", number, "id"), part, "id", "prt")


def _id_problems(path: tuple[str | int, ...], holder: JsonObject, key: str, prefix: str) -> list[Problem]:
    if key not in holder:
        return []
    value = holder[key]
    if isinstance(value, str) and value.startswith(prefix):
        return []
    received = f'"{value}"' if isinstance(value, str) else json_type(value, True)
    return [Problem(path=path, expected=f'a string that starts with "{prefix}"', received=received)]


def json_type(value: Json, is_present: bool) -> str:
    """Returns the name that a JavaScript validator gives the value's type."""
    if not is_present:
        return "undefined"
    names: dict[type, str] = {
        bool: "boolean",
        int: "number",
        float: "number",
        str: "string",
        list: "array",
        dict: "object",
    }
    return names.get(type(value), "null")
