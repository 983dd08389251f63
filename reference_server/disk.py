"""A database file whose failure ends the server: a full disk, a disk that became read-only, an I/O error.

The ledger is the only witness of what happened. One that can't write any more must not go on to accept
messages, or to answer as if it had: it stops as a kill stops it, after one line that says why.
"""

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any, Final

type Broken = Callable[[sqlite3.OperationalError], None]

_OF_THE_DISK: Final = frozenset(
    {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
)
_PRIMARY: Final = 0xFF  # the low byte of an extended result code: https://www.sqlite.org/rescode.html


def fail_stop(on_broken: Broken) -> type[sqlite3.Connection]:
    """A class of connections that call `on_broken` before they raise what the disk refused."""

    class FailStop(sqlite3.Connection):
        """Looks at every failed statement; a COMMIT is one."""

        def execute(self, sql: str, values: Any = (), /) -> sqlite3.Cursor:
            try:
                return super().execute(sql, values)
            except sqlite3.OperationalError as error:
                _look(error, on_broken)
                raise

        def executemany(self, sql: str, rows: Iterable[Any], /) -> sqlite3.Cursor:
            try:
                return super().executemany(sql, rows)
            except sqlite3.OperationalError as error:
                _look(error, on_broken)
                raise

    return FailStop


def _look(error: sqlite3.OperationalError, on_broken: Broken) -> None:
    if error.sqlite_errorcode & _PRIMARY in _OF_THE_DISK:
        on_broken(error)
