"""A held edge for a browser test: a real edge on loopback whose deadlines fire when told.

It has a thread of its own, because Playwright's synchronous API keeps the main one. It must never let a
deadline fire by the clock, and never leave a port or a thread behind.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Self

import msgspec

from firstbyte.harness.clock import RealClock
from firstbyte.harness.files.loader import load_profile
from firstbyte.harness.model.profile import Profile
from firstbyte.harness.model.timeline import Event
from firstbyte.harness.model.units import Duration
from firstbyte.proxies.edge.server import EdgeServer
from firstbyte.proxies.rules.config import EdgeConfig, Upstream
from firstbyte.proxies.rules.orders import Action, HeldRequest, Next
from firstbyte.tokens import random_hex

LOOPBACK = "127.0.0.1"
PATIENCE = 10.0
NOTHING = "-"
"""A path no request has: the way to take an order back."""
CUT_OFF = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"info":'
CUT_AFTER = 0.5
"""Seconds. A browser tells a page nothing of an answer whose header and end it read in one piece."""


class HeldEdge:
    """One edge in held mode before `upstream`. Use it as a context manager."""

    def __init__(self, upstream: Upstream, profile: str = "cloudflare-100") -> None:
        self.events: list[Event] = []
        self._config = EdgeConfig(profile=_profile(profile), upstream=upstream, held=True)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="held edge", daemon=True)
        self._server: EdgeServer | None = None
        self._cutter: asyncio.Server | None = None
        self._orders: list[Next] = []
        self._port = 0

    def __repr__(self) -> str:
        return f"<HeldEdge {self.url} {self._server!r}>"

    def __enter__(self) -> Self:
        self._thread.start()
        self._cutter = self._do(asyncio.start_server(_cut_off, LOOPBACK, 0))
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._do(self._close_cutter())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{LOOPBACK}:{self._port}"

    @property
    def cut_off_url(self) -> str:
        """A server whose 200 always breaks off."""
        assert self._cutter is not None, "the edge has been started"
        return f"http://{LOOPBACK}:{self._cutter.sockets[0].getsockname()[1]}"

    # ---- it comes and goes

    def start(self) -> None:
        """Listen, on the same port as before."""
        self._server = EdgeServer(
            self._config, clock=RealClock(began_ns=0), report=self.events.append, token=random_hex
        )
        for order in self._orders:
            self._server.order_next(order)
        self._port = self._do(self._server.start(LOOPBACK, self._port))[1]

    def stop(self) -> None:
        """Break off every connection and refuse new ones."""
        if self._server is not None:
            self._do(self._server.close())
            self._server = None

    def restart(self) -> None:
        """Break off every connection, as a deploy of the edge or a change of network does."""
        self.stop()
        self.start()

    # ---- orders

    def order(self, action: Action, path: str, method: str = "", count: int = 1) -> Next:
        """Say what becomes of the next `count` requests with such a path; outlives a restart."""
        order = Next(action=action, path=path, method=method, count=count)
        self._orders.append(order)
        if self._server is not None:
            self._call(lambda: self._running.order_next(order))
        return order

    def forget(self, *orders: Next) -> None:
        """Take orders back."""
        for order in orders:
            order.path = NOTHING
            self._orders.remove(order)

    def has_order(self, path: str) -> bool:
        """Whether requests with this path are to be kept."""
        return any(order.path == path for order in self._orders)

    def held_paths(self) -> set[str]:
        """The paths of all that waits."""
        return {one.path for one in self._call(self._running.held)} if self._server is not None else set()

    def held(self, order: Next) -> list[HeldRequest]:
        """What waits and fits the order."""
        if self._server is None:
            return []
        return [one for one in self._call(self._running.held) if order.fits(one.method, one.path)]

    def limit_of(self, order: Next) -> Duration:
        """How long what waits and fits would have waited by the clock, from the profile: the longest."""
        limits = {timer.name: timer.limit for timer in self._config.profile.timers}
        return max((limits.get(one.timer) or Duration() for one in self.held(order)), default=Duration())

    def expire(self, order: Next) -> None:
        """Fire the deadline of what waits and fits."""
        for one in self.held(order):
            self._call(lambda number=one.id: self._running.expire(number))  # type: ignore[misc] # a default

    def release(self, order: Next) -> None:
        """Let the origin's answers to what fits go on."""
        for one in self.held(order):
            self._call(lambda number=one.id: self._running.release(number))  # type: ignore[misc] # a default

    @property
    def _running(self) -> EdgeServer:
        assert self._server is not None, "only a running edge is asked"
        return self._server

    def _call[T](self, action: Callable[[], T]) -> T:
        async def act() -> T:
            return action()

        return self._do(act())

    def _do[T](self, work: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    async def _close_cutter(self) -> None:
        assert self._cutter is not None
        self._cutter.close()
        await self._cutter.wait_closed()


def _profile(name: str) -> Profile:
    """The edge product, with a connection of its own to the origin for each exchange.

    A kept-back answer keeps its connection from being read: nothing else may travel on it.
    """
    profile = load_profile(name).profile
    return msgspec.structs.replace(profile, origin=msgspec.structs.replace(profile.origin, reuse=False))


async def _cut_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(CUT_OFF)
        await writer.drain()
        await asyncio.sleep(CUT_AFTER)
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass
    finally:
        writer.close()
