"""Talks to a server as its adapter file says, and reads from its answers what it has stored."""

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
from firstbyte.harness.targets.server_file import (
    CallTemplate,
    ServerFile,
    Session,
    TruthQuery,
    fill,
    fill_json,
)

GOOD = range(200, 300)


class FileTalk:
    """The client of a server that an adapter file describes."""

    def __init__(self, file: ServerFile) -> None:
        self._file = file
        self.sessions: list[str] = []
        self.sent: list[tuple[int, str]] = []

    def __repr__(self) -> str:
        return f"<FileTalk {self._file.name}, {len(self.sent)} sent>"

    async def create_session(self, address: tuple[str, int]) -> str:
        """Make a session and return its id. If clients choose the id, make one up."""
        if self._file.session is None:
            session = f"firstbyte-{secrets.token_hex(8)}"
        else:
            session = await self._made(address, self._file.session)
        self.sessions.append(session)
        return session

    async def _made(self, address: tuple[str, int], call: Session) -> str:
        headers, body = render_call(call, {})
        path = fill(call.path, {}, is_path=True)
        reply = await ask_server(address, call.method, path, body, headers)
        found = [] if reply.status not in GOOD else _words(select(document_of(reply), call.id))
        if not found:
            raise SetupFailed(f"session: {call.method} {path} gave {reply.status} and no {call.id}")
        return found[0]

    def request(self, send: Send, *, number: int, session: str, ids: Ids | None) -> Request:
        """Return the request that [send] describes."""
        values = {"session": session, "text": send.text, "message": ids.message if ids else ""}
        headers, body = render_call(self._file.send, values)
        self.sent.append((number, send.text))
        limits = [limit for limit in (send.leave_after, send.patience) if limit is not None]
        return Request(
            id=number,
            method=self._file.send.method,
            path=fill(self._file.send.path, values, is_path=True),
            headers=tuple(headers.items()),
            body=body,
            intent=send.text,
            leave_after=min(limits, default=None),
            pace=send.pace,
        )

    def reading(self, session: str) -> str:
        """Return the path of the truth."""
        return fill(self._file.truth.path, {"session": session}, is_path=True)

    def holds(self, messages: bytes, intent: str) -> bool:
        """Whether a message of the user contains the intent."""
        try:
            document: Json = json.loads(messages)
        except ValueError:
            return False
        return any(one.is_mine and intent in one.text for one in read_messages(document, self._file.truth))


class ServerMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message that the server has stored. at: the time as the server writes it, or None."""

    is_mine: bool
    text: str
    id: str
    at: float | None


def read_messages(document: Json, truth: TruthQuery) -> list[ServerMessage]:
    """Return all messages that have a text."""
    found: list[ServerMessage] = []
    for message in select(document, truth.messages):
        text = "\n".join(texts(message, truth.text))
        times = select(message, truth.at) if truth.at else []
        at = next((float(one) for one in times if isinstance(one, int | float)), None)
        id_ = next(iter(_words(select(message, truth.id))), "")
        if text:
            is_mine = truth.mine in _words(select(message, truth.role))
            found.append(ServerMessage(is_mine=is_mine, text=text, id=id_, at=at))
    return found


def render_call(call: CallTemplate, values: dict[str, str]) -> tuple[dict[str, str], bytes]:
    """Return headers and body of a call with its places filled."""
    headers = {name: fill(text, values) for name, text in call.headers.items()}
    if call.form is not None:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return kind | headers, urlencode(fill_json(call.form, values)).encode()
    return {"Content-Type": "application/json"} | headers, json.dumps(
        fill_json(call.json or {}, values)
    ).encode()


async def ask_server(
    address: tuple[str, int], method: str, path: str, body: bytes, headers: dict[str, str]
) -> AskReply:
    """Send a request directly. Raises SetupFailed if nothing answers."""
    try:
        return await ask(address, method, path, body, headers)
    except OSError as error:
        raise SetupFailed(f"{address[0]}:{address[1]}: the server does not answer: {error}") from error


def document_of(reply: AskReply) -> Json:
    """Return the JSON of an answer, or None if it is none."""
    try:
        document: Json = json.loads(reply.body)
    except ValueError:
        return None
    return document


def _words(found: list[Json]) -> list[str]:
    return [str(one) for one in found if isinstance(one, str | int) and not isinstance(one, bool)]
