"""What all parts of one server share: configuration, environment, database and event bus.

Nothing here belongs to a single request.
"""

import sqlite3

import msgspec

from firstbyte.reference_server.config import ServerConfig
from firstbyte.reference_server.env import Env
from firstbyte.reference_server.events import Bus
from firstbyte.reference_server.ids import Ids
from firstbyte.reference_server.ledger import LEDGER_TABLE, LedgerTable
from firstbyte.reference_server.store import TABLES, Store, Transaction


class Core(msgspec.Struct, frozen=True, kw_only=True):
    """The shared parts of one server."""

    config: ServerConfig
    env: Env
    ids: Ids
    store: Store
    ledger: LedgerTable
    bus: Bus


def make_tables(connection: sqlite3.Connection) -> None:
    """Creates the missing tables in one transaction."""
    with Transaction(connection):
        for table in (*TABLES, LEDGER_TABLE):
            connection.execute(table)


def open_core(config: ServerConfig, env: Env, connection: sqlite3.Connection) -> Core:
    """Creates missing tables and builds all parts that need no event loop."""
    ids = Ids(env)
    connection.isolation_level = None
    make_tables(connection)
    store = Store(connection)
    ledger = LedgerTable(connection, env)
    bus = Bus(config.api, ids, config.heartbeat)
    return Core(config=config, env=env, ids=ids, store=store, ledger=ledger, bus=bus)
