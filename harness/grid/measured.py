"""The real side: each product once, with one way through it for every shape, on loopback and scaled time.

Client and origins share one loop with one clock, the product is a process of its own. It must never leave
one running, nor listen anywhere but on loopback.
"""

import asyncio
import contextlib
import itertools
import os
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import msgspec

from firstbyte.harness.clock import RealClock
from firstbyte.harness.grid.cell import Cell
from firstbyte.harness.grid.origin import WatchedOrigin
from firstbyte.harness.grid.plan import Contender, limited
from firstbyte.harness.grid.play import Place, play
from firstbyte.harness.problems import SetupFailed
from firstbyte.harness.profile_ops import scaled
from firstbyte.harness.runner.processes import Child, start_child
from firstbyte.harness.scenario_ops import scaled_shape
from firstbyte.harness.wire import End, Head, Shape
from firstbyte.proxies.real.child import Order
from firstbyte.proxies.real.product import LOOPBACK, Route

_READY = Shape(id="ready", title="What is asked before anything is measured", steps=(Head(status=200), End()))
_LARGE = 1 << 20
_FIRST_PORT, _LAST_PORT = 20_000, 32_000  # below those the kernel gives to clients
_TRIES = 3
# Runs beside this one begin elsewhere, and so does each product of this one.
_starts = itertools.count(os.getpid() * 607, 211)


class Running:
    """One product with an origin behind each of its ways."""

    def __init__(self, contender: Contender, shapes: Sequence[Shape], factor: float, folder: Path) -> None:
        self.contender = contender
        self.log = folder / "product.log"
        self._factor = factor
        self._folder = folder
        self._clocks = {shape.id: RealClock(scale=factor) for shape in shapes}
        self._shapes = {shape.id: scaled_shape(shape, factor) for shape in shapes}
        self._origins: dict[str, WatchedOrigin] = {}
        self._routes: dict[str, Route] = {}
        self._child: Child | None = None

    def __repr__(self) -> str:
        return f"<Running {self.contender.product.name} {self._child}>"

    async def open(self) -> None:
        """Start origins and product; SetupFailed with the product's own words."""
        upstreams = {name: await self._start_origin(name, shape) for name, shape in self._all().items()}
        for last in range(_TRIES - 1, -1, -1):
            ports = free_ports(len(upstreams))
            self._routes = {
                name: Route(port=port, upstream=upstream)
                for port, (name, upstream) in zip(ports, upstreams.items(), strict=True)
            }
            try:
                await self._start_product()
                return
            except SetupFailed as error:
                if not last:
                    raise SetupFailed(f"{error}; {_end_of(self.log)}") from error

    def _all(self) -> dict[str, Shape]:
        return {_READY.id: _READY, **self._shapes}

    async def _start_origin(self, name: str, shape: Shape) -> int:
        clock = self._clocks.get(name) or RealClock(scale=self._factor)
        self._origins[name] = WatchedOrigin(shape, clock.now)
        return (await self._origins[name].start(LOOPBACK, 0))[1]

    async def _start_product(self) -> None:
        product, routes = self.contender.product, tuple(self._routes.values())
        profile = scaled(limited(product), self._factor)
        work = self._folder / product.name
        work.mkdir(exist_ok=True)
        setup = product.configure(self.contender.program, profile, routes, work)
        for name, text in setup.files.items():
            (work / name).write_text(text, encoding="utf-8")
        order = Order(
            command=setup.command,
            folder=str(work),
            log=str(self.log),
            ports=tuple(route.port for route in routes),
            asked=self._routes[_READY.id].port,
            environment=setup.environment,
            drops_root=setup.drops_root,
        )
        path = self._folder / "order.json"
        path.write_bytes(msgspec.json.encode(order))
        self._child = await start_child(
            product.name, "firstbyte.proxies.real.child", [str(path)], self._folder
        )

    async def play(self, name: str) -> Cell:
        """One shape through it."""
        clock, origin = self._clocks[name], self._origins[name]
        clock.began_ns = RealClock().began_ns
        front = (LOOPBACK, self._routes[name].port)
        limit = self.contender.limit
        return await play(
            self._shapes[name], origin, Place(front=front, clock=clock, scale=self._factor, limit=limit), []
        )

    async def close(self) -> None:
        """End the product, then the origins."""
        if self._child is not None:
            await self._child.stop()
        for origin in self._origins.values():
            await origin.close()


@contextlib.asynccontextmanager
async def running(contender: Contender, shapes: Sequence[Shape], factor: float) -> AsyncIterator[Running]:
    """A product that is gone afterwards, whatever happens in between."""
    with tempfile.TemporaryDirectory(prefix="firstbyte-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)  # a product that refuses to be root has to get through to its own folder
        one = Running(contender, shapes, factor, folder)
        try:
            await one.open()
            yield one
        finally:
            await one.close()


async def measure(
    contenders: Sequence[Contender],
    shapes: Sequence[Shape],
    factor: float,
    jobs: int,
    on_done: Callable[[str, str, Cell], None],
) -> None:
    """All shapes through all products, `jobs` at once; those with large bodies one by one, at the end."""
    async with contextlib.AsyncExitStack() as stack:
        async with asyncio.TaskGroup() as group:
            starting = [
                group.create_task(stack.enter_async_context(running(one, shapes, factor)))
                for one in contenders
            ]
        products = [task.result() for task in starting]
        light = [shape.id for shape in shapes if (shape.request.body_size or 0) < _LARGE]
        heavy = [shape.id for shape in shapes if shape.id not in light]
        await _play_all(products, light, jobs, on_done)
        await _play_all(products, heavy, 1, on_done)


async def _play_all(
    products: Sequence[Running], names: Sequence[str], jobs: int, on_done: Callable[[str, str, Cell], None]
) -> None:
    places = asyncio.Semaphore(jobs)

    async def one(product: Running, name: str) -> None:
        async with places:
            on_done(name, product.contender.product.name, await product.play(name))

    async with asyncio.TaskGroup() as group:
        for name in names:
            for product in products:
                group.create_task(one(product, name))


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on now, of those that no client gets by chance."""
    found: list[int] = []
    start = _FIRST_PORT + next(_starts) % (_LAST_PORT - _FIRST_PORT)
    with contextlib.ExitStack() as held:
        for offset in range(_LAST_PORT - _FIRST_PORT):
            port = _FIRST_PORT + (start - _FIRST_PORT + offset) % (_LAST_PORT - _FIRST_PORT)
            probe = held.enter_context(socket.socket())
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            found.append(port)
            if len(found) == count:
                return found
    raise SetupFailed(f"no {count} free ports from {_FIRST_PORT} to {_LAST_PORT} on {LOOPBACK}")


def _end_of(log: Path) -> str:
    text = log.read_text(encoding="utf-8", errors="replace").strip() if log.exists() else ""
    return text[-800:] or "it said nothing"
