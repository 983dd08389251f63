"""A user's application as it comes: ASGI or WSGI, with its lifespan.

WSGI applications are wrapped by a2wsgi, which runs them in threads, as WSGI servers do.
"""

import asyncio
import inspect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from firstbyte.harness.problems import MissingTool
from firstbyte.harness.sim import Host

WSGI_PARAMETERS = 2
NO_A2WSGI = "this is a WSGI application, which needs a2wsgi here; run `pip install a2wsgi`"


def as_asgi(app: Any) -> Any:
    """The application, wrapped if it is WSGI: a callable of `environ` and `start_response`.

    Raises MissingTool when there is no a2wsgi to wrap it with.
    """
    if not callable(app) or not _is_wsgi(app):
        return app
    try:
        from a2wsgi import WSGIMiddleware  # noqa: PLC0415 - for WSGI applications only
    except ModuleNotFoundError:
        raise MissingTool(NO_A2WSGI) from None
    return WSGIMiddleware(app)


def _is_wsgi(app: Any) -> bool:
    call = app if inspect.isroutine(app) else type(app).__call__
    if inspect.isclass(app) or inspect.iscoroutinefunction(call):
        return False
    try:
        parameters = list(inspect.signature(app).parameters.values())
    except (TypeError, ValueError):
        return False
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return len([each for each in parameters if each.kind in positional]) == WSGI_PARAMETERS


class Lifespan:
    """The start-up and shutdown of an ASGI application, where it has any. state: what it gives requests."""

    def __init__(self, app: Any) -> None:
        self.state: dict[str, Any] = {}
        self._app = app
        self._inbox: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self._outbox: asyncio.Queue[str] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin. Raises RuntimeError with the application's message when it says that it can't."""
        self._task = asyncio.create_task(self._run())
        self._inbox.put_nowait({"type": "lifespan.startup"})
        said = await self._outbox.get()
        if said.startswith("lifespan.startup.failed"):
            await self._task
            raise RuntimeError(f"the application's lifespan: {said}")

    async def stop(self) -> None:
        """End, and wait until it has."""
        if self._task is not None and not self._task.done():
            self._inbox.put_nowait({"type": "lifespan.shutdown"})
            await self._task

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        with suppress(Exception):  # ASGI: an application without a lifespan raises
            await self._app(scope, self._inbox.get, self._send)
        self._outbox.put_nowait("over")

    async def _send(self, message: dict[str, Any]) -> None:
        self._outbox.put_nowait(f"{message['type']} {message.get('message', '')}".strip())


@asynccontextmanager
async def served(app: Any, host: Host, port: int) -> AsyncIterator[None]:
    """The application on a host of a simulation: uvicorn's protocol without its server, whose clock ticks."""
    config = Config(app, ws="auto", lifespan="off", log_config=None, access_log=False)
    config.load()
    loaded: Any = config.loaded_app
    lifespan, connections = Lifespan(loaded), ServerState()

    async def listen() -> asyncio.AbstractServer:
        loop = asyncio.get_running_loop()
        await lifespan.start()
        return await loop.create_server(
            lambda: H11Protocol(config, connections, lifespan.state, loop), host.name, port
        )

    server = await host.start(listen())
    try:
        yield
    finally:
        server.close()
        for connection in list(connections.connections):
            connection.shutdown()
        for task in list(connections.tasks):
            task.cancel()
        await asyncio.gather(*connections.tasks, return_exceptions=True)
        await host.start(lifespan.stop())
