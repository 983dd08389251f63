"""The databases of simulated origins, in memory.

A database is emptied and used again by the next run, because SQLite compiles each statement once for a
connection, which takes longer than executing it. A run must never see what another one wrote.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from firstbyte.reference_server.core import make_tables
from firstbyte.reference_server.store import Transaction

_spare: list["SimDisk"] = []


class SimDisk(sqlite3.Connection):
    """A database that stays open when a simulated process closes it."""

    def close(self) -> None:
        """End the process's use: what was committed stays, nothing else."""
        if self.in_transaction:
            self.rollback()

    def __del__(self) -> None:
        super().close()


@contextmanager
def empty_disk() -> Iterator[SimDisk]:
    """A database with the server's tables and nothing in them."""
    disk = _spare.pop() if _spare else _made()
    try:
        yield disk
    finally:
        disk.close()
        _wipe(disk)
        _spare.append(disk)


def _made() -> SimDisk:
    disk = sqlite3.connect(":memory:", isolation_level=None, factory=SimDisk, check_same_thread=False)
    make_tables(disk)
    return disk


def _wipe(disk: SimDisk) -> None:
    # sqlite_sequence is one of the tables, so rows are counted from 1 again.
    tables = disk.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    with Transaction(disk):
        for (table,) in tables:
            disk.execute(f"DELETE FROM {table}")
