"""Each simulated origin gets a database of its own, copied rather than made."""

import sqlite3
from contextlib import closing

from firstbyte.harness.runner.sim_stage import empty_disk
from firstbyte.reference_server.core import make_tables

TABLES = "SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name"


def test_an_empty_disk_has_the_tables_the_server_makes() -> None:
    with closing(empty_disk()) as copied, closing(sqlite3.connect(":memory:")) as made:
        made.isolation_level = None
        make_tables(made)
        assert copied.execute(TABLES).fetchall() == made.execute(TABLES).fetchall()


def test_what_one_run_writes_is_not_on_the_next_run_s_disk() -> None:
    with closing(empty_disk()) as first, closing(empty_disk()) as second:
        first.execute("INSERT INTO session (id, data) VALUES ('ses_1', '{}')")
        assert second.execute("SELECT count(*) FROM session").fetchone() == (0,)
