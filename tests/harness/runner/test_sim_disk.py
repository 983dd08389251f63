"""Each simulated origin has a database of its own, empty, whatever was on it before."""

import sqlite3
from contextlib import closing

import pytest

from firstbyte.harness.runner.sim_disk import empty_disk
from firstbyte.reference_server.core import make_tables

TABLES = "SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
WRITE = "INSERT INTO session (id, data) VALUES ('ses_1', '{}')"
COUNT = "SELECT count(*) FROM session"
LINE = "INSERT INTO ledger VALUES (NULL, 0, 0, '', '', '', '', '', '{}') RETURNING seq"


def test_an_empty_disk_has_the_tables_the_server_makes() -> None:
    with empty_disk() as disk, closing(sqlite3.connect(":memory:")) as made:
        made.isolation_level = None
        make_tables(made)
        assert disk.execute(TABLES).fetchall() == made.execute(TABLES).fetchall()


def test_what_one_run_writes_is_not_on_the_disk_of_another_beside_it() -> None:
    with empty_disk() as first, empty_disk() as second:
        first.execute(WRITE)
        assert second.execute(COUNT).fetchone() == (0,)


def test_what_one_run_writes_is_not_on_the_next_run_s_disk() -> None:
    with empty_disk() as disk:
        disk.execute(WRITE)
    with empty_disk() as next_disk:
        assert next_disk is disk
        assert next_disk.execute(COUNT).fetchone() == (0,)


def test_each_run_counts_its_ledger_from_one() -> None:
    for _ in range(2):
        with empty_disk() as disk:
            assert disk.execute(LINE).fetchall() == [(1,)]


def test_a_run_that_fails_within_a_transaction_leaves_an_empty_disk() -> None:
    with pytest.raises(sqlite3.OperationalError), empty_disk() as disk:
        disk.executescript(f"BEGIN IMMEDIATE; {WRITE}; nonsense")
    with empty_disk() as next_disk:
        assert next_disk.execute(COUNT).fetchone() == (0,)


def test_what_a_process_has_committed_outlives_its_closing() -> None:
    with empty_disk() as disk:
        disk.execute(WRITE)
        disk.close()
        assert disk.execute(COUNT).fetchone() == (1,)
