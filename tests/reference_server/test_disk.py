"""A failure of the disk ends the server; an error in a statement does not."""

import sqlite3
from contextlib import closing

import pytest

from firstbyte.reference_server.disk import fail_stop


def test_a_database_that_became_read_only_is_told() -> None:
    told: list[sqlite3.OperationalError] = []
    kind = fail_stop(None, told.append)
    with closing(sqlite3.connect(":memory:", isolation_level=None, factory=kind)) as disk:
        disk.execute("CREATE TABLE message (id TEXT)")
        disk.execute("PRAGMA query_only = ON")
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            disk.execute("INSERT INTO message VALUES (?)", ("a",))
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            disk.executemany("INSERT INTO message VALUES (?)", [("a",)])
    assert len(told) == 2


def test_a_wrong_statement_is_no_failure_of_the_disk() -> None:
    told: list[sqlite3.OperationalError] = []
    with (
        closing(sqlite3.connect(":memory:", factory=fail_stop(None, told.append))) as disk,
        pytest.raises(sqlite3.OperationalError, match="no such table"),
    ):
        disk.execute("SELECT 1 FROM absent")
    assert told == []
