"""One running server: the shared core, its work and its tasks. Starlette keeps it as `app.state.service`."""

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
    """Everything that a route may use. It can't be used after `stop`."""

    core: Core
    tasks: Tasks
    work: Work

    def stop(self) -> None:
        """Ends the work the way a kill does: nothing more is written and no transaction is completed."""
        self.core.ledger.close()
        self.tasks.cancel()
        self.core.store.close()


def open_service(config: ServerConfig, env: Env, connection: sqlite3.Connection) -> Service:
    """Builds the service. Needs no running event loop."""
    core = open_core(config, env, connection)
    tasks = Tasks()
    return Service(core=core, tasks=tasks, work=Work(core, tasks))


def service_of(request: Request) -> Service:
    """Returns the service of the server that received this request."""
    return cast("Service", request.app.state.service)
