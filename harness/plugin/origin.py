"""The `origin` fixture: a server on loopback that plays a wire shape, or runs an application.

It runs in a thread of its own, so that sync and async tests can both use it. It must never listen anywhere
but on loopback, and never outlive the test.
"""

import threading
from typing import Any, Protocol

import uvicorn

from firstbyte.harness.clock import RealClock
from firstbyte.harness.files.loader import load_shape
from firstbyte.harness.model.scenario_ops import scaled_shape
from firstbyte.harness.origin.account import read_account
from firstbyte.harness.origin.shape_server import ShapeServer
from firstbyte.harness.plugin.application import as_asgi
from firstbyte.harness.problems import BadInput, SetupFailed
from firstbyte.harness.process.loop_thread import PATIENCE_SECONDS, LoopThread

LOOPBACK = "127.0.0.1"


class Origin(Protocol):
    """A server that is up."""

    url: str


class ShapeOrigin:
    """Plays one wire shape to every request."""

    def __init__(self, server: ShapeServer, address: tuple[str, int]) -> None:
        self.url = f"http://{address[0]}:{address[1]}"
        self._server = server

    def __repr__(self) -> str:
        return f"<ShapeOrigin {self.url}>"

    @property
    def arrivals(self) -> int:
        """How many requests have come in, each sending counted."""
        account = read_account(self._server.account())
        return sum(entry.event == "arrived" for entry in account.events)


class AppOrigin:
    """Runs an application on uvicorn."""

    def __init__(self, port: int) -> None:
        self.url = f"http://{LOOPBACK}:{port}"

    def __repr__(self) -> str:
        return f"<AppOrigin {self.url}>"


class OriginFactory:
    """The value of the fixture: `origin(shape="silent")` or `origin(app=application)`."""

    def __init__(self) -> None:
        self._loop: LoopThread | None = None
        self._shapes: list[ShapeServer] = []
        self._apps: list[tuple[uvicorn.Server, threading.Thread]] = []

    def __repr__(self) -> str:
        return f"<OriginFactory {len(self._shapes)} shapes, {len(self._apps)} applications>"

    def __call__(self, *, shape: str = "", app: Any = None, time_scale: float = 1) -> Any:
        """Start a server. shape: an id (`firstbyte list shapes`) or a file; its waits are divided by
        time_scale. app: an ASGI or WSGI application; its lifespan runs. Raises BadInput and SetupFailed.
        """
        if bool(shape) == (app is not None):
            raise BadInput(
                "origin: name one of shape='silent' (see `firstbyte list shapes`) and app=application"
            )
        return self._play(shape, time_scale) if shape else self._run(app)

    def _play(self, shape: str, time_scale: float) -> ShapeOrigin:
        if self._loop is None:
            self._loop = LoopThread("origin shapes")
            self._loop.start()
        clock = RealClock(scale=time_scale)
        server = ShapeServer(scaled_shape(load_shape(shape), time_scale), clock.now)
        address = self._loop.run(server.start(LOOPBACK, 0))
        self._shapes.append(server)
        return ShapeOrigin(server, address)

    def _run(self, app: Any) -> AppOrigin:
        # Without a limit, an exchange that hangs would keep the lifespan's shutdown from its turn.
        config = uvicorn.Config(
            as_asgi(app), host=LOOPBACK, port=0, log_level="warning", ws="auto", timeout_graceful_shutdown=0
        )
        server = _Server(config)
        thread = threading.Thread(target=server.run, name="origin", daemon=True)
        thread.start()
        if not server.is_up.wait(PATIENCE_SECONDS) or not server.started:
            server.should_exit = True
            raise SetupFailed("origin: the application did not start; its error is in the captured output")
        self._apps.append((server, thread))
        return AppOrigin(server.servers[0].sockets[0].getsockname()[1])

    def close(self) -> None:
        """End every server; what still hangs in one is broken off, and its lifespan's shutdown runs."""
        for server, _ in self._apps:
            server.should_exit = True
        for _, thread in self._apps:
            thread.join(PATIENCE_SECONDS)
        if self._loop is not None:
            for shape in self._shapes:
                self._loop.run(shape.close())
            self._loop.close()


class _Server(uvicorn.Server):
    """Says when it is up, or has failed to be."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = threading.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.is_up.set()

    def run(self, sockets: Any = None) -> None:
        try:
            super().run(sockets)
        finally:
            self.is_up.set()

    def install_signal_handlers(self) -> None:
        """Signals are the test runner's."""
