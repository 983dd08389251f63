"""A database connection that stops the server when its disk fails.

The disk may be full, read-only or broken, or somebody may have removed the file. The ledger is the only
record of what happened, so a server that can no longer write it must not accept messages or answer them. It
prints one line with the reason and stops as if killed.
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
    """Returns a connection class for the database at `path`; None stands for a temporary, unnamed file.

    Its connections call `on_broken` before they raise an error of the disk, and after a commit to files that
    no longer exist.
    """
    files = (path, path.with_name(f"{path.name}-wal")) if path is not None else ()

    class FailStop(sqlite3.Connection):
        """Checks every failed statement, including COMMIT."""

        _first: tuple[tuple[int, int], ...] = ()
        _checked_changes = 0

        def execute(self, sql: str, values: Any = (), /) -> sqlite3.Cursor:
            try:
                done = super().execute(sql, values)
            except sqlite3.OperationalError as error:
                _check_error(error, on_broken)
                raise
            if not self.in_transaction and self.total_changes != self._checked_changes:
                self._checked_changes = self.total_changes
                self._check_files()
            return done

        def _check_files(self) -> None:
            # In WAL mode SQLite doesn't notice a removed file, as it does in its other journal modes.
            present = _identities(files)
            self._first = self._first or present
            if len(present) < len(files) or present != self._first:
                on_broken(sqlite3.OperationalError("its files have been removed or replaced"))

        def executemany(self, sql: str, rows: Iterable[Any], /) -> sqlite3.Cursor:
            try:
                return super().executemany(sql, rows)
            except sqlite3.OperationalError as error:
                _check_error(error, on_broken)
                raise

    return FailStop


def _identities(files: Iterable[Path]) -> tuple[tuple[int, int], ...]:
    """Returns device and inode of each file that exists."""
    found = []
    for file in files:
        with suppress(FileNotFoundError):
            state = file.stat()
            found.append((state.st_dev, state.st_ino))
    return tuple(found)


def _check_error(error: sqlite3.OperationalError, on_broken: Broken) -> None:
    if error.sqlite_errorcode & _PRIMARY in _OF_THE_DISK:
        on_broken(error)
