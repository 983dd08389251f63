"""The reference server on a simulated host: the real application and the real uvicorn protocol, on an
in-memory database.
"""

import asyncio
import sqlite3
from typing import Protocol, cast

import msgspec

from firstbyte.harness.model.scenario import ServerOrigin
from firstbyte.harness.model.units import Duration, as_seconds, seconds
from firstbyte.harness.origin.account import Account
from firstbyte.harness.sim import Host
from firstbyte.reference_server.app import ProtocolFactory, create_app, shutdown
from firstbyte.reference_server.config import (
    Api,
    ModelScript,
    OnClientGone,
    ProviderError,
    Seconds,
    ServerConfig,
    Turn,
)
from firstbyte.reference_server.documents import text_of
from firstbyte.reference_server.env import Env
from firstbyte.reference_server.routes.inspection import account_document
from firstbyte.reference_server.service import Service
from firstbyte.reference_server.sessions import create_session

AFTER = 1.0
"""Virtual seconds in which the consequences of the last prompt come through, such as an answer on its way."""


class Surroundings(Protocol):
    """The sources of time and chance for the server's Env."""

    def stamp(self) -> int:
        """Its monotonic clock."""

    def wall_ms(self) -> int:
        """Unix milliseconds."""

    def token(self, length: int) -> str:
        """Base62 characters."""


class SimServer:
    """One process of the reference server. disk: the connection that outlives a kill."""

    def __init__(
        self,
        origin: ServerOrigin,
        host: Host,
        disk: sqlite3.Connection,
        surroundings: Surroundings,
    ) -> None:
        async def block(duration: float) -> None:
            await host.block(seconds(duration))

        env = Env(
            monotonic_us=surroundings.stamp,
            wall_ms=surroundings.wall_ms,
            token=surroundings.token,
            block=block,
        )
        self._disk = disk
        config = server_config(origin)
        self._app = create_app(config, env, lambda: disk)
        self._factory = ProtocolFactory(self._app, config.keep_alive)
        self._server: asyncio.Server | None = None

    def __repr__(self) -> str:
        return f"<SimServer {self._factory}>"

    @property
    def _service(self) -> Service:
        return cast("Service", self._app.state.service)

    async def start(self, address: tuple[str, int]) -> None:
        """Listen."""
        self._server = await asyncio.get_running_loop().create_server(self._factory, *address)

    def create_session(self) -> str:
        """What POST /session does; the id."""
        core = self._service.core
        return text_of(create_session(core, core.config.directory, ""), "id")

    def account(self) -> Account:
        """The ledger document, as far as a verdict needs it."""
        return msgspec.convert(account_document(self._service), Account)

    async def idle(self) -> None:
        """Wait until no prompt is open and AFTER has passed since the last one."""
        while self._service.work.open_prompts:
            await self._service.work.quiet()
            await asyncio.sleep(AFTER)

    def cut_disk(self) -> None:
        """Roll back what is not committed, as a kill does."""
        if self._disk.in_transaction:
            self._disk.execute("ROLLBACK")

    async def stop(self) -> None:
        """End every task and connection."""
        if self._server is not None:
            self._server.close()
        self._factory.shutdown()
        shutdown(self._app)
        await asyncio.sleep(0)


def server_config(origin: ServerOrigin) -> ServerConfig:
    """The server's own configuration for a scenario's origin."""
    model = origin.model
    failure = ProviderError(message=model.fails) if model.fails else None
    turn = Turn(delay=_seconds(model.delay), gap=_seconds(model.token_gap), text=model.text, failure=failure)
    return ServerConfig(
        handler=origin.handler,
        api=Api(origin.api),
        model=ModelScript(turns=(turn,)),
        on_client_gone=OnClientGone(origin.on_client_gone),
        persist_delay=_seconds(origin.persist_delay),
        heartbeat=_seconds(origin.heartbeat),
    )


def _seconds(duration: Duration) -> Seconds:
    return Seconds(as_seconds(duration))
