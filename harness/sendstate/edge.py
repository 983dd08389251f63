"""A held edge for a browser test: a real edge on loopback whose deadlines fire on order.

It runs in a thread of its own, because Playwright's synchronous interface keeps the main thread. It must
never let a deadline fire by the clock, and never leave a port or a thread behind.
"""

from contextlib import ExitStack
from typing import Self

import msgspec

from firstbyte.harness.clock import RealClock
from firstbyte.harness.files.loader import load_profile
from firstbyte.harness.model.profile import Profile
from firstbyte.harness.model.timeline import Event
from firstbyte.harness.model.units import Duration
from firstbyte.harness.process.loop_thread import LoopThread
from firstbyte.harness.sendstate.cut_off import LOOPBACK, CutOffServer
from firstbyte.proxies.edge.server import EdgeServer
from firstbyte.proxies.edge.shared import SharedEdge
from firstbyte.proxies.rules.config import EdgeConfig, Upstream
from firstbyte.proxies.rules.orders import Action, HeldMode, HeldRequest, Next, Seen, fitting
from firstbyte.tokens import random_hex

NOTHING = "-"
"""A path that no request has: setting it on an order takes the order back."""


class ThreadedEdge:
    """`HeldMode` for an edge that runs on the loop of another thread."""

    def __init__(self, edge: HeldMode, thread: LoopThread) -> None:
        self._edge = edge
        self._thread = thread

    def held(self) -> list[HeldRequest]:
        """The requests that wait, oldest first."""
        return self._thread.call(self._edge.held)

    def seen(self) -> list[Seen]:
        """Every request so far, oldest first."""
        return self._thread.call(self._edge.seen)

    def order_next(self, order: Next) -> None:
        """Say what becomes of the next `count` requests that fit."""
        self._thread.call(lambda: self._edge.order_next(order))

    def expire(self, number: int) -> bool:
        """Fire the deadline of one request; False when it no longer waits."""
        return self._thread.call(lambda: self._edge.expire(number))

    def release(self, number: int) -> bool:
        """Pass the origin's answer to one request on; False when it no longer waits."""
        return self._thread.call(lambda: self._edge.release(number))


class HeldEdge:
    """One edge in held mode in front of `upstream`. Use it as a context manager.

    cut_off: a server whose 200 always breaks off.
    """

    cut_off: CutOffServer

    def __init__(self, upstream: Upstream, profile: str = "cloudflare-100") -> None:
        self.events: list[Event] = []
        self._config = EdgeConfig(profile=_profile(profile), upstream=upstream, held=True)
        self._thread = LoopThread("held edge")
        self._stack = ExitStack()
        self._server: EdgeServer | None = None
        self._orders: list[Next] = []
        self._port = 0

    def __repr__(self) -> str:
        return f"<HeldEdge {self.url} {self._server!r}>"

    def __enter__(self) -> Self:
        self._thread.start()
        self._stack.callback(self._thread.close)
        self.cut_off = CutOffServer(self._thread)
        self._stack.callback(self.cut_off.close)
        self.start()
        self._stack.callback(self.stop)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{LOOPBACK}:{self._port}"

    # ---- it comes and goes

    def start(self) -> None:
        """Listen, on the same port as before."""
        clock = RealClock(began_ns=0)
        shared = SharedEdge(self._config, clock=clock, report=self.events.append, token=random_hex)
        self._server = EdgeServer(shared)
        for order in self._orders:
            self._server.held_mode.order_next(order)
        self._port = self._thread.run(self._server.start(LOOPBACK, self._port))[1]

    def stop(self) -> None:
        """Break off every connection and refuse new ones."""
        if self._server is not None:
            self._thread.run(self._server.close())
            self._server = None

    def restart(self) -> None:
        """Break off every connection, as a deploy of the edge or a change of network does."""
        self.stop()
        self.start()

    # ---- orders

    def order(self, action: Action, path: str, method: str = "", count: int = 1) -> Next:
        """Say what becomes of the next `count` requests with such a path. Orders outlive a restart."""
        order = Next(action=action, path=path, method=method, count=count)
        self._orders.append(order)
        if self._driver is not None:
            self._driver.order_next(order)
        return order

    def forget(self, *orders: Next) -> None:
        """Take orders back."""
        for order in orders:
            order.path = NOTHING
            self._orders.remove(order)

    def has_order(self, path: str) -> bool:
        """Whether there is an order for exactly this path."""
        return any(order.path == path for order in self._orders)

    # ---- what waits

    def held(self, order: Next | None = None) -> list[HeldRequest]:
        """The requests that wait; with an order, those that it fits."""
        if self._driver is None:
            return []
        return self._driver.held() if order is None else fitting(self._driver, order)

    def limit_of(self, order: Next) -> Duration:
        """The longest limit of the waiting requests that fit: how long they would have waited."""
        limits = {timer.name: timer.limit for timer in self._config.profile.timers}
        return max((limits.get(one.timer) or Duration() for one in self.held(order)), default=Duration())

    def expire(self, order: Next) -> None:
        """Fire the deadline of the waiting requests that fit."""
        if self._driver is not None:
            for one in self.held(order):
                self._driver.expire(one.id)

    def release(self, order: Next) -> None:
        """Pass on the origin's answers to the waiting requests that fit."""
        if self._driver is not None:
            for one in self.held(order):
                self._driver.release(one.id)

    @property
    def _driver(self) -> HeldMode | None:
        return ThreadedEdge(self._server.held_mode, self._thread) if self._server is not None else None


def _profile(name: str) -> Profile:
    """The profile, with a connection of its own to the origin for each exchange.

    The edge does not read from the connection of an answer that it holds, so nothing else may travel on it.
    """
    profile = load_profile(name).profile
    return msgspec.structs.replace(profile, origin=msgspec.structs.replace(profile.origin, reuse=False))
