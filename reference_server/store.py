"""Sessions, messages and parts in SQLite.

A change is one explicit transaction, which is durable when its block ends. A transaction that a kill
interrupts has no effect. Never await inside one. The only state outside the database is a cache of sessions.
"""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from firstbyte.reference_server.documents import Json, JsonObject, decoded, encoded_text, text_of

type Connect = Callable[[], sqlite3.Connection]

TABLES: Final = (
    """CREATE TABLE IF NOT EXISTS session (
        seq INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, data TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS message (
        seq INTEGER PRIMARY KEY, session TEXT NOT NULL, id TEXT NOT NULL, role TEXT NOT NULL,
        intent TEXT NOT NULL, is_answered INTEGER NOT NULL, data TEXT NOT NULL, UNIQUE (session, id))""",
    """CREATE TABLE IF NOT EXISTS part (
        seq INTEGER PRIMARY KEY, session TEXT NOT NULL, message TEXT NOT NULL, id TEXT NOT NULL,
        data TEXT NOT NULL, UNIQUE (session, message, id))""",
    "CREATE INDEX IF NOT EXISTS message_state ON message (session, role, is_answered)",
)
_MESSAGE_COLUMNS: Final = "session, id, role, intent, is_answered, data"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One stored message. `info` is the document that clients get, without the parts."""

    session: str
    id: str
    role: str
    intent: str = ""
    is_answered: bool = False
    info: JsonObject


def file_connect(path: Path | None, kind: type[sqlite3.Connection] = sqlite3.Connection) -> Connect:
    """Returns a function that connects to a database file, in WAL mode and with a full sync at each commit.

    If `path` is None, each connection gets a temporary, unnamed file, which ends with it.
    """

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(path or "", isolation_level=None, factory=kind)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    return connect


class Transaction:
    """A transaction on a connection in autocommit mode. `undone` is called after a rollback or an error."""

    __slots__ = ("_connection", "_undone")

    def __init__(self, connection: sqlite3.Connection, undone: Callable[[], None] = lambda: None) -> None:
        self._connection = connection
        self._undone = undone

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        is_done = False
        try:
            self._connection.execute("COMMIT" if kind is None else "ROLLBACK")
            is_done = kind is None
        finally:
            if not is_done:
                self._undone()


class Store:
    """Reads and writes sessions, messages and parts through one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        # Every event needs its session, so sessions are read far more often than they change.
        self._sessions: dict[str, JsonObject] = {}

    def __repr__(self) -> str:
        return f"<Store {'in transaction' if self._connection.in_transaction else 'idle'}>"

    def transaction(self) -> Transaction:
        """Returns a transaction. It is durable when the block ends, and undone when the block raises."""
        return Transaction(self._connection, self._sessions.clear)

    def close(self) -> None:
        """Closes the connection. An unfinished transaction is lost, as it is when a process is killed."""
        self._connection.close()

    # Sessions
    def put_session(self, session: JsonObject) -> None:
        """Stores the session under its `id`, new or changed."""
        self._connection.execute(
            """INSERT INTO session (id, data) VALUES (?, ?)
            ON CONFLICT (id) DO UPDATE SET data = excluded.data""",
            (text_of(session, "id"), encoded_text(session)),
        )
        self._sessions[text_of(session, "id")] = session

    def session(self, session_id: str) -> JsonObject | None:
        """Returns the session, or None if it doesn't exist."""
        if session_id not in self._sessions:
            query = "SELECT data FROM session WHERE id = ?"
            row = self._connection.execute(query, (session_id,)).fetchone()
            if row is None:
                return None
            self._sessions[session_id] = decoded(row[0])
        return self._sessions[session_id]

    def sessions(self) -> list[JsonObject]:
        """Returns all sessions, newest first."""
        return [
            decoded(row[0]) for row in self._connection.execute("SELECT data FROM session ORDER BY seq DESC")
        ]

    # Messages
    def put_message(self, message: Message) -> bool:
        """Stores the message, or changes it if it exists. Returns whether it was new."""
        before = self._connection.total_changes
        self._connection.execute(
            f"INSERT OR IGNORE INTO message ({_MESSAGE_COLUMNS}) VALUES (?,?,?,?,?,?)",
            (
                message.session,
                message.id,
                message.role,
                message.intent,
                message.is_answered,
                encoded_text(message.info),
            ),
        )
        is_new = self._connection.total_changes > before
        if not is_new:
            self.change_message(message)
        return is_new

    def change_message(self, message: Message) -> None:
        """Replaces the `info` of an existing message. Its place, intent and answer stay."""
        self._connection.execute(
            "UPDATE message SET data = ? WHERE session = ? AND id = ?",
            (encoded_text(message.info), message.session, message.id),
        )

    def mark_answered(self, session_id: str, message_ids: Sequence[str]) -> None:
        """Marks these user messages as answered: they need no further model call."""
        self._connection.executemany(
            "UPDATE message SET is_answered = 1 WHERE session = ? AND id = ?",
            [(session_id, id_) for id_ in message_ids],
        )

    def message(self, session_id: str, message_id: str) -> Message | None:
        """Returns the message, or None."""
        found = self._messages("session = ? AND id = ?", session_id, message_id)
        return found[0] if found else None

    def messages(self, session_id: str) -> list[Message]:
        """Returns the session's messages in the order they were stored."""
        return self._messages("session = ?", session_id)

    def all_messages(self) -> list[Message]:
        """Returns the messages of all sessions in the order they were stored."""
        return self._messages("1")

    def unanswered(self, session_id: str) -> list[Message]:
        """Returns the session's user messages that have no answer yet, oldest first."""
        return self._messages("session = ? AND role = 'user' AND is_answered = 0", session_id)

    def last_answer(self, session_id: str) -> Message | None:
        """Returns the session's newest assistant message, or None."""
        newest = "SELECT max(seq) FROM message WHERE session = ? AND role = 'assistant'"
        found = self._messages(f"seq = ({newest})", session_id)
        return found[0] if found else None

    def effects(self) -> dict[str, Json]:
        """Returns the number of durable user messages for each intent."""
        query = "SELECT intent, count(*) FROM message WHERE role = 'user' GROUP BY intent ORDER BY min(seq)"
        return dict(self._connection.execute(query).fetchall())

    # Parts
    def put_part(self, part: JsonObject) -> None:
        """Stores the part under its `id`, replacing a part with the same id."""
        self._connection.execute(
            """INSERT INTO part (session, message, id, data) VALUES (?,?,?,?)
            ON CONFLICT (session, message, id) DO UPDATE SET data = excluded.data""",
            (text_of(part, "sessionID"), text_of(part, "messageID"), text_of(part, "id"), encoded_text(part)),
        )

    def parts(self, message: Message) -> list[JsonObject]:
        """Returns the message's parts in the order they were stored."""
        query = "SELECT data FROM part WHERE session = ? AND message = ? ORDER BY seq"
        return [decoded(row[0]) for row in self._connection.execute(query, (message.session, message.id))]

    def _messages(self, condition: str, *values: str) -> list[Message]:
        query = f"SELECT {_MESSAGE_COLUMNS} FROM message WHERE {condition} ORDER BY seq"
        return [_message(row) for row in self._connection.execute(query, values)]


def _message(row: tuple[str, str, str, str, int, str]) -> Message:
    session, id_, role, intent, is_answered, data = row
    return Message(
        session=session,
        id=id_,
        role=role,
        intent=intent,
        is_answered=bool(is_answered),
        info=decoded(data),
    )
