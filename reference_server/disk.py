"""A database file whose failure ends the server: a full disk, one that became read-only, an I/O error, a file
that somebody removed.

The ledger is the only witness of what happened. One that can't write any more must not go on to accept
messages, or to answer as if it had: it stops as a kill stops it, after one line that says why.
"""

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

type Broken = Callable[[sqlite3.OperationalError], None]

_OF_THE_DISK: Final = frozenset(
    {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
)
_PRIMARY: Final = 0xFF  # the low byte of an extended result code: https://www.sqlite.org/rescode.html


def fail_stop(path: Path | None, on_broken: Broken) -> type[sqlite3.Connection]:
    """A class of connections to `path`, None = to a file without a name.

    They call `on_broken` before they raise what the disk refused, and after what was committed to files that
    are not there any more.
    """
    files = (path, path.with_name(f"{path.name}-wal")) if path is not None else ()

    class FailStop(sqlite3.Connection):
        """Looks at every failed statement; a COMMIT is one."""

        _first: tuple[tuple[int, int], ...] = ()
        _looked_at = 0

        def execute(self, sql: str, values: Any = (), /) -> sqlite3.Cursor:
            try:
                done = super().execute(sql, values)
            except sqlite3.OperationalError as error:
                _look(error, on_broken)
                raise
            if not self.in_transaction and self.total_changes != self._looked_at:
                self._looked_at = self.total_changes
                self._look_for_files()
            return done

        def _look_for_files(self) -> None:
            # SQLite itself notices such a file in its other journal modes, but not in WAL mode.
            there = _identities(files)
            self._first = self._first or there
            if len(there) < len(files) or there != self._first:
                on_broken(sqlite3.OperationalError("its files have been removed or replaced"))

        def executemany(self, sql: str, rows: Iterable[Any], /) -> sqlite3.Cursor:
            try:
                return super().executemany(sql, rows)
            except sqlite3.OperationalError as error:
                _look(error, on_broken)
                raise

    return FailStop


def _identities(files: Iterable[Path]) -> tuple[tuple[int, int], ...]:
    """Device and inode of those that are there."""
    found = []
    for file in files:
        with suppress(FileNotFoundError):
            state = file.stat()
            found.append((state.st_dev, state.st_ino))
    return tuple(found)


def _look(error: sqlite3.OperationalError, on_broken: Broken) -> None:
    if error.sqlite_errorcode & _PRIMARY in _OF_THE_DISK:
        on_broken(error)
