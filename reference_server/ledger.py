"""The ledger: what the origin knows of each request and message.

It is the only evidence that a verdict may use for what really happened. It is therefore in the same database
as the messages, and the row `persisted` is in the same transaction as the message itself. A row must never
claim what is not yet durable.
"""

import sqlite3
from enum import Enum
from typing import Final

import msgspec

from firstbyte.reference_server.documents import Json, JsonObject, decoded, encoded_text
from firstbyte.reference_server.env import Env

LEDGER_TABLE: Final = """
CREATE TABLE IF NOT EXISTS ledger (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at_us INTEGER NOT NULL, wall_ms INTEGER NOT NULL,
    request TEXT NOT NULL, session TEXT NOT NULL, message TEXT NOT NULL, intent TEXT NOT NULL,
    event TEXT NOT NULL, detail TEXT NOT NULL
)
"""
_INSERT: Final = """
INSERT INTO ledger (at_us, wall_ms, request, session, message, intent, event, detail) VALUES (?,?,?,?,?,?,?,?)
"""
_COLUMNS: Final = ("seq", "at_us", "wall_ms", "request", "session", "message", "intent", "event")


class LedgerEvent(Enum):
    """Everything that the ledger can record."""

    ARRIVED = "arrived"
    ADMITTED = "admitted"
    PERSISTED = "persisted"
    EFFECT = "effect"
    STARTED = "started"
    MODEL_CALLED = "model-called"
    FIRST_TOKEN = "first-token"
    FINISHED = "finished"
    FAILED = "failed"
    ABORTED = "aborted"
    CLIENT_GONE = "client-gone"
    HEADER_SENT = "header-sent"
    RESPONSE_COMPLETED = "response-completed"


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """Identifies one prompt: its request, session and message, and the intent of its user."""

    request: str
    session: str = ""
    message: str = ""
    intent: str = ""


class LedgerTable:
    """Appends rows to the table `ledger`. Once closed it drops them, as a dead process writes nothing."""

    def __init__(self, connection: sqlite3.Connection, env: Env) -> None:
        self._connection = connection
        self._env = env
        self._closed = False

    def __repr__(self) -> str:
        return f"<LedgerTable {'closed' if self._closed else 'open'}>"

    def write(self, event: LedgerEvent, ticket: Ticket, detail: JsonObject | None = None) -> None:
        """Appends one row. It is durable on return, or with the transaction that it is part of."""
        if self._closed:
            return
        env = self._env
        names = (ticket.request, ticket.session, ticket.message, ticket.intent, event.value)
        text = "{}" if detail is None else encoded_text(detail)
        self._connection.execute(_INSERT, (env.monotonic_us(), env.wall_ms(), *names, text))

    def rows(self) -> list[JsonObject]:
        """Returns all rows in the order of writing, with `detail` as a document."""
        query = f"SELECT {', '.join(_COLUMNS)}, detail FROM ledger ORDER BY seq"
        return [_row(values) for values in self._connection.execute(query)]

    def model_calls(self) -> dict[str, Json]:
        """Returns the number of model calls for each intent."""
        query = "SELECT intent, count(*) FROM ledger WHERE event = ? GROUP BY intent ORDER BY min(seq)"
        return dict(self._connection.execute(query, (LedgerEvent.MODEL_CALLED.value,)).fetchall())

    def close(self) -> None:
        """Drops all later writes."""
        self._closed = True


def _row(values: tuple[int | str, ...]) -> JsonObject:
    row: dict[str, Json] = dict(zip(_COLUMNS, values, strict=False))
    row["detail"] = decoded(str(values[-1]))
    return row
