"""One running server: the shared core, the work under way and the tasks it owns.

Starlette keeps it as `app.state.service`. Must never be used after `stop`.
"""

import sqlite3
from typing import cast

import msgspec
from starlette.requests import Request

from firstbyte.reference_server.config import ServerConfig
from firstbyte.reference_server.core import Core, open_core
from firstbyte.reference_server.env import Env
from firstbyte.reference_server.tasks import Tasks
from firstbyte.reference_server.work import Work


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a route may use."""

    core: Core
    tasks: Tasks
    work: Work

    def stop(self) -> None:
        """Ends the work the way a kill does: nothing more is written, no transaction is completed."""
        self.core.ledger.close()
        self.tasks.cancel()
        self.core.store.close()


def open_service(config: ServerConfig, env: Env, connection: sqlite3.Connection) -> Service:
    """Opens the database and makes everything ready; needs no running event loop."""
    core = open_core(config, env, connection)
    tasks = Tasks()
    return Service(core=core, tasks=tasks, work=Work(core, tasks))


def service_of(request: Request) -> Service:
    """The server that got this request."""
    return cast("Service", request.app.state.service)
