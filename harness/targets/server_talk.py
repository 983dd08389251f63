"""Speaks to a server as its TOML says, and reads from its own words what it has stored.

It must never take a word of the answer for more than the file says it is.
"""

import json
import secrets
from urllib.parse import urlencode

import msgspec

from firstbyte.harness.client.ask import AskReply, ask
from firstbyte.harness.client.operations import Ids
from firstbyte.harness.client.raw import Request
from firstbyte.harness.files.json_path import Json, select, texts
from firstbyte.harness.model.scenario import Send
from firstbyte.harness.problems import SetupFailed
from firstbyte.harness.targets.server_file import Call, ServerFile, Truth, filled, filled_json

GOOD = range(200, 300)


class FileTalk:
    """How the file says to speak."""

    def __init__(self, file: ServerFile) -> None:
        self._file = file
        self.sessions: list[str] = []
        self.sent: list[tuple[int, str]] = []

    def __repr__(self) -> str:
        return f"<FileTalk {self._file.name}, {len(self.sent)} sent>"

    async def create_session(self, address: tuple[str, int]) -> str:
        """Its id, or one of ours when clients choose it."""
        if self._file.session is None:
            session = f"firstbyte-{secrets.token_hex(8)}"
        else:
            session = await self._made(address, self._file.session.call, self._file.session.id)
        self.sessions.append(session)
        return session

    async def _made(self, address: tuple[str, int], call: Call, where: str) -> str:
        headers, body = written(call, {})
        path = filled(call.path, {}, is_path=True)
        reply = await asked(address, call.method, path, body, headers)
        found = [] if reply.status not in GOOD else _words(select(document_of(reply), where))
        if not found:
            raise SetupFailed(f"session: {call.method} {path} gave {reply.status} and no {where}")
        return found[0]

    def request(self, send: Send, *, number: int, session: str, ids: Ids | None) -> Request:
        """What [send] says, filled in."""
        values = {"session": session, "text": send.text, "message": ids.message if ids else ""}
        headers, body = written(self._file.send, values)
        self.sent.append((number, send.text))
        limits = [one for one in (send.leave_after, send.patience) if one is not None]
        return Request(
            id=number,
            method=self._file.send.method,
            path=filled(self._file.send.path, values, is_path=True),
            headers=tuple(headers.items()),
            body=body,
            intent=send.text,
            leave_after=min(limits, default=None),
            pace=send.pace,
        )

    def reading(self, session: str) -> str:
        """The path of the truth."""
        return filled(self._file.truth.path, {"session": session}, is_path=True)

    def holds(self, messages: bytes, intent: str) -> bool:
        """Whether a message of the user has this text."""
        try:
            document: Json = json.loads(messages)
        except ValueError:
            return False
        return any(one.is_mine and intent in one.text for one in stored(document, self._file.truth))


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """One message the server has. at: as the server writes it, None when it does not."""

    is_mine: bool
    text: str
    id: str
    at: float | None


def stored(document: Json, truth: Truth) -> list[Stored]:
    """Each message that has a text."""
    found: list[Stored] = []
    for message in select(document, truth.messages):
        text = "\n".join(texts(message, truth.text))
        times = select(message, truth.at) if truth.at else []
        at = next((float(one) for one in times if isinstance(one, int | float)), None)
        id_ = next(iter(_words(select(message, truth.id))), "")
        if text:
            is_mine = truth.mine in _words(select(message, truth.role))
            found.append(Stored(is_mine=is_mine, text=text, id=id_, at=at))
    return found


def written(call: Call, values: dict[str, str]) -> tuple[dict[str, str], bytes]:
    """Headers and body of a call, its places filled in."""
    headers = {name: filled(text, values) for name, text in call.headers.items()}
    if call.form is not None:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return kind | headers, urlencode(filled_json(call.form, values)).encode()
    return {"Content-Type": "application/json"} | headers, json.dumps(
        filled_json(call.json or {}, values)
    ).encode()


async def asked(
    address: tuple[str, int], method: str, path: str, body: bytes, headers: dict[str, str]
) -> AskReply:
    """A plain question; SetupFailed when nobody answers."""
    try:
        return await ask(address, method, path, body, headers)
    except OSError as error:
        raise SetupFailed(f"{address[0]}:{address[1]}: the server does not answer: {error}") from error


def document_of(reply: AskReply) -> Json:
    """Its JSON; None when it is none."""
    try:
        document: Json = json.loads(reply.body)
    except ValueError:
        return None
    return document


def _words(found: list[Json]) -> list[str]:
    return [str(one) for one in found if isinstance(one, str | int) and not isinstance(one, bool)]
