"""One turn: the model's answer to one user message, with its events in the captured order.

The order of events differs between 1.2.20 and 1.18.33 in three places, each an `if` on the API below.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from firstbyte.reference_server.config import Api, Turn
from firstbyte.reference_server.core import Core
from firstbyte.reference_server.documents import Json, JsonObject, object_of
from firstbyte.reference_server.ledger import LedgerEvent, Ticket
from firstbyte.reference_server.model import ModelFailed, Pause, answer
from firstbyte.reference_server.prompts import part_properties
from firstbyte.reference_server.sessions import (
    NO_CHANGES,
    NO_TOKENS,
    has_default_title,
    publish,
    publish_session,
    touched,
)
from firstbyte.reference_server.store import Message

# The hash of git's empty tree, which is the snapshot of a project without files.
_SNAPSHOT: Final = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


class Answering(msgspec.Struct, kw_only=True):
    """The current turn. `tickets` are the prompts that it settles; it answers the last one.

    `settles` are the ids of the user messages that need no answer after it.
    """

    core: Core
    user: Message
    settles: Sequence[str]
    tickets: Sequence[Ticket]
    assistant: Message
    text_part: dict[str, Json] = {}

    @property
    def session(self) -> JsonObject:
        """The session as it is stored now."""
        return self.core.store.session(self.user.session) or {}

    @property
    def ticket(self) -> Ticket:
        """The prompt that this turn answers."""
        return (
            self.tickets[-1]
            if self.tickets
            else Ticket(request="", session=self.user.session, intent=self.user.intent)
        )


def begin(core: Core, unanswered: Sequence[Message], tickets: Sequence[Ticket]) -> Answering:
    """Starts a turn: stores an empty answer to the newest of these messages and publishes the events."""
    user = unanswered[-1]
    settles = [message.id for message in unanswered]
    turn = Answering(
        core=core, user=user, settles=settles, tickets=tickets, assistant=_empty_answer(core, user)
    )
    summarised = msgspec.structs.replace(user, info={**user.info, "summary": {"diffs": []}})
    turn.user = summarised
    session = {**touched(core, turn.session), "summary": NO_CHANGES}
    with core.store.transaction():
        core.store.put_message(turn.assistant)
        core.store.change_message(summarised)
        core.store.put_session(session)
        for ticket in tickets:
            core.ledger.write(LedgerEvent.STARTED, ticket)
    _publish(turn, "message.updated", {"info": turn.assistant.info})
    publish_session(core, "session.updated", session)
    _publish_user_and_diff(turn)
    publish_status(core, session, "busy")
    return turn


async def run_model(turn: Answering, script: Turn, pause: Pause) -> None:
    """Runs the model and stores its answer. Raises ModelFailed."""
    core = turn.core
    core.ledger.write(LedgerEvent.MODEL_CALLED, turn.ticket)
    text = ""
    async for token in answer(script, pause):
        if not text:
            _first_token(turn, script.text)
        text += token
        _publish(turn, "message.part.delta", _delta(turn, token))
    _store_text(turn, text)


async def run_shell(turn: Answering, script: Turn, pause: Pause, command: str) -> None:
    """Simulates a shell command: waits, then stores an output. Nothing is executed."""
    began = turn.core.env.wall_ms()
    async for _ in answer(script, pause):
        pass
    state: JsonObject = {
        "status": "completed",
        "input": {"command": command},
        "output": f"{script.text}\n",
        "title": "",
        "metadata": {"output": f"{script.text}\n", "description": ""},
        "time": {"start": began, "end": turn.core.env.wall_ms()},
    }
    part = _part(turn, {"type": "tool", "tool": "bash", "callID": turn.core.env.token(16), "state": state})
    _put_part(turn, part)


def finish(turn: Answering) -> None:
    """Stores the completed answer. The prompts that it settles are then finished."""
    core = turn.core
    completed = {**object_of(turn.assistant.info, "time"), "completed": core.env.wall_ms()}
    _close(turn, {**turn.assistant.info, "time": completed}, LedgerEvent.FINISHED, {})


def fail(turn: Answering, error: ModelFailed) -> None:
    """Stores an answer that holds only the error."""
    document: JsonObject = {"name": "APIError", "data": {"message": str(error), "isRetryable": False}}
    _close_with_error(turn, document, LedgerEvent.FAILED, {"message": str(error)})


def abort(turn: Answering) -> None:
    """Stores an answer that holds only an error: the turn was aborted."""
    document: JsonObject = {"name": "MessageAbortedError", "data": {"message": "The operation was aborted."}}
    _close_with_error(turn, document, LedgerEvent.ABORTED, {})


def publish_status(core: Core, session: JsonObject, status: str) -> None:
    """Publishes whether the session is busy."""
    publish(core, "session.status", session, {"sessionID": session["id"], "status": {"type": status}})


def publish_idle(core: Core, session: JsonObject, user: Message | None) -> None:
    """Publishes the end of a session's work."""
    publish_status(core, session, "idle")
    publish(core, "session.idle", session, {"sessionID": session["id"]})
    if user is None:
        return
    session = touched(core, session)
    core.store.put_session(session)
    diff: JsonObject = {"sessionID": session["id"], "diff": []}
    if core.config.api is Api.V1_2:
        publish(core, "message.updated", session, {"info": user.info})
    publish_session(core, "session.updated", session)
    publish(core, "session.diff", session, diff)
    if core.config.api is Api.V1_18:
        publish(core, "message.updated", session, {"info": user.info})


def _empty_answer(core: Core, user: Message) -> Message:
    id_ = core.ids.ascending("msg")
    model = object_of(user.info, "model")
    info: JsonObject = {
        "id": id_,
        "sessionID": user.session,
        "role": "assistant",
        "time": {"created": core.env.wall_ms()},
        "parentID": user.id,
        "modelID": model.get("modelID"),
        "providerID": model.get("providerID"),
        "mode": user.info.get("agent"),
        "agent": user.info.get("agent"),
        "path": {"cwd": core.config.directory, "root": core.config.directory},
        "cost": 0,
        "tokens": NO_TOKENS,
    }
    return Message(
        session=user.session, id=id_, role="assistant", intent=user.intent, is_answered=True, info=info
    )


def _first_token(turn: Answering, whole_text: str) -> None:
    core = turn.core
    core.ledger.write(LedgerEvent.FIRST_TOKEN, turn.ticket)
    if core.config.api is Api.V1_18:
        _name_session(turn, whole_text)
    _put_part(turn, _part(turn, {"type": "step-start", "snapshot": _SNAPSHOT}))
    began: JsonObject = {"start": core.env.wall_ms()}
    turn.text_part = _part(turn, {"type": "text", "text": "", "time": began})
    _put_part(turn, turn.text_part)


def _store_text(turn: Answering, text: str) -> None:
    core = turn.core
    if not text:
        return
    if core.config.api is Api.V1_2:
        _name_session(turn, text)
    time = {**object_of(turn.text_part, "time"), "end": core.env.wall_ms()}
    _put_part(turn, {**turn.text_part, "text": text, "time": time})
    used: JsonObject = {"total": 4, **NO_TOKENS, "input": 1, "output": 3}
    closing: JsonObject = {
        "type": "step-finish", "reason": "stop", "snapshot": _SNAPSHOT, "cost": 0, "tokens": used,
    }  # fmt: skip
    _put_part(turn, _part(turn, closing))
    turn.assistant = msgspec.structs.replace(
        turn.assistant, info={**turn.assistant.info, "tokens": used, "finish": "stop"}
    )
    _publish(turn, "message.updated", {"info": turn.assistant.info})


def _name_session(turn: Answering, text: str) -> None:
    if not has_default_title(turn.session):
        return
    session = {**touched(turn.core, turn.session), "title": text.strip()[:100]}
    turn.core.store.put_session(session)
    publish_session(turn.core, "session.updated", session)


def _close_with_error(turn: Answering, error: JsonObject, event: LedgerEvent, detail: JsonObject) -> None:
    time = {**object_of(turn.assistant.info, "time"), "completed": turn.core.env.wall_ms()}
    _publish(turn, "session.error", {"sessionID": turn.user.session, "error": error})
    _close(turn, {**turn.assistant.info, "time": time, "error": error}, event, detail)


def _close(turn: Answering, info: JsonObject, event: LedgerEvent, detail: JsonObject) -> None:
    core = turn.core
    turn.assistant = msgspec.structs.replace(turn.assistant, info=info)
    with core.store.transaction():
        core.store.change_message(turn.assistant)
        if event is not LedgerEvent.ABORTED:
            core.store.mark_answered(turn.user.session, turn.settles)
        for ticket in turn.tickets:
            core.ledger.write(event, ticket, detail)
    _publish(turn, "message.updated", {"info": info})


def _publish_user_and_diff(turn: Answering) -> None:
    user: JsonObject = {"info": turn.user.info}
    diff: JsonObject = {"sessionID": turn.user.session, "diff": []}
    events = [("message.updated", user), ("session.diff", diff)]
    for kind, properties in events if turn.core.config.api is Api.V1_2 else reversed(events):
        _publish(turn, kind, properties)


def _publish(turn: Answering, kind: str, properties: JsonObject) -> None:
    publish(turn.core, kind, turn.session, properties)


def _delta(turn: Answering, token: str) -> JsonObject:
    return {
        "sessionID": turn.user.session,
        "messageID": turn.assistant.id,
        "partID": turn.text_part["id"],
        "field": "text",
        "delta": token,
    }


def _part(turn: Answering, body: JsonObject) -> dict[str, Json]:
    id_ = turn.core.ids.ascending("prt")
    return {"id": id_, "sessionID": turn.assistant.session, "messageID": turn.assistant.id, **body}


def _put_part(turn: Answering, part: JsonObject) -> None:
    turn.core.store.put_part(part)
    _publish(turn, "message.part.updated", part_properties(turn.core, part))
