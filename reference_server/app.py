"""Builds the server as a Starlette application.

    app = create_app(config, real_env(), file_connect(path))
    factory = ProtocolFactory(app, config.keep_alive)
    server = await loop.create_server(factory, host, port)
    ...
    shutdown(app)
    factory.shutdown()

All endpoints are `async def`, so that no thread is started and a running event loop is enough.
"""

import sqlite3
from collections.abc import Callable
from functools import cache
from typing import cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from firstbyte.reference_server.config import ServerConfig
from firstbyte.reference_server.env import Env
from firstbyte.reference_server.handlers import handler
from firstbyte.reference_server.operations import json_reply
from firstbyte.reference_server.protocol import ProtocolFactory
from firstbyte.reference_server.recorder import RequestRecorder
from firstbyte.reference_server.routes import all_operations
from firstbyte.reference_server.service import Service, open_service

__all__ = ["ProtocolFactory", "create_app", "shutdown"]


def create_app(config: ServerConfig, env: Env, connect: Callable[[], sqlite3.Connection]) -> Starlette:
    """Returns the application with its database open. Raises UnknownHandler or sqlite3.Error."""
    handler(config.handler)
    service = open_service(config, env, connect())
    app = Starlette(
        routes=_routes(),
        middleware=[Middleware(RequestRecorder, ledger=service.core.ledger, config=config)],
        exception_handlers={HTTPException: _http_error},
    )
    app.router.redirect_slashes = False
    app.state.service = service
    app.state.operations = all_operations()
    app.state.openapi = None
    return app


def shutdown(app: Starlette) -> None:
    """Stops the application's work the way a kill does. Call it in the event loop's thread."""
    cast("Service", app.state.service).stop()


@cache
def _routes() -> tuple[Route, ...]:
    # A simulation makes an application for each scenario. Routes have no state and are the slowest part.
    return tuple(operation.route() for operation in all_operations())


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    message = f"{request.method} {request.url.path} is not part of this server; GET /doc lists what is"
    name = "NotFoundError" if status == 404 else "BadRequest"
    return json_reply(request, {"name": name, "data": {"message": message}}, status)
