"""The ledger: what the origin knows of each request and message, each line durable when `write` returns.

It is the only witness a verdict may use for what really happened, so it lives in the same database as the
messages and its line `persisted` in the same transaction as the message itself. Must never claim what is
not yet durable.
"""

import sqlite3
from enum import Enum
from typing import Final

import msgspec

from firstbyte.reference_server.documents import Json, JsonObject, reread, written
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
    """Everything the origin can have seen; past facts."""

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
    """One admitted prompt: the request that brought it, where it belongs, and what its user wants."""

    request: str
    session: str = ""
    message: str = ""
    intent: str = ""


class LedgerTable:
    """Appends facts to the table `ledger`; silent once closed, because a dead process writes nothing."""

    def __init__(self, connection: sqlite3.Connection, env: Env) -> None:
        self._connection = connection
        self._env = env
        self._closed = False

    def __repr__(self) -> str:
        return f"<LedgerTable {'closed' if self._closed else 'open'}>"

    def write(self, event: LedgerEvent, ticket: Ticket, detail: JsonObject | None = None) -> None:
        """Appends one fact. It is durable on return, or with the transaction it is part of."""
        if self._closed:
            return
        env = self._env
        names = (ticket.request, ticket.session, ticket.message, ticket.intent, event.value)
        text = "{}" if detail is None else written(detail)
        self._connection.execute(_INSERT, (env.monotonic_us(), env.wall_ms(), *names, text))

    def rows(self) -> list[JsonObject]:
        """Every fact in the order it was written, `detail` as a document."""
        query = f"SELECT {', '.join(_COLUMNS)}, detail FROM ledger ORDER BY seq"
        return [_row(values) for values in self._connection.execute(query)]

    def model_calls(self) -> dict[str, Json]:
        """How often the model was called for each intent."""
        query = "SELECT intent, count(*) FROM ledger WHERE event = ? GROUP BY intent ORDER BY min(seq)"
        return dict(self._connection.execute(query, (LedgerEvent.MODEL_CALLED.value,)).fetchall())

    def close(self) -> None:
        """Ends it: later writes are dropped."""
        self._closed = True


def _row(values: tuple[int | str, ...]) -> JsonObject:
    row: dict[str, Json] = dict(zip(_COLUMNS, values, strict=False))
    row["detail"] = reread(str(values[-1]))
    return row
