"""The real side: each product once, with one way through it for every shape, on loopback and scaled time.

Client and origins share one loop with one clock, the product is a process of its own. It must never leave
one running, nor listen anywhere but on loopback.
"""

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from firstbyte.harness.clock import RealClock
from firstbyte.harness.grid.cell import Cell
from firstbyte.harness.grid.origin import WatchedOrigin
from firstbyte.harness.grid.plan import Contender
from firstbyte.harness.grid.play import Place, play
from firstbyte.harness.model.profile_ops import scaled
from firstbyte.harness.model.scenario_ops import scaled_shape
from firstbyte.harness.model.shape import End, Head, Raw, Shape, StopReading
from firstbyte.harness.problems import SetupFailed
from firstbyte.harness.process.child import Child, start_child
from firstbyte.harness.process.ports import free_ports
from firstbyte.proxies.real.child import Order
from firstbyte.proxies.real.product import LOOPBACK, Route

_READY = Shape(id="ready", title="What is asked before anything is measured", steps=(Head(status=200), End()))
_LARGE = 1 << 20
_MANY = 1_000
_TRIES = 3
_SAID = 800


class Way(NamedTuple):
    """Through the product to one origin. front: where the product listens."""

    front: tuple[str, int]
    clock: RealClock
    origin: WatchedOrigin
    scale: float


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
        self.child: Child | None = None

    def __repr__(self) -> str:
        return f"<Running {self.contender.product.name} {self.child}>"

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
                    raise SetupFailed(f"{error}; {self._log_tail()}") from error

    def _all(self) -> dict[str, Shape]:
        return {_READY.id: _READY, **self._shapes}

    async def _start_origin(self, name: str, shape: Shape) -> int:
        clock = self._clocks.get(name) or RealClock(scale=self._factor)
        self._origins[name] = WatchedOrigin(shape, clock.now)
        return (await self._origins[name].start(LOOPBACK, 0))[1]

    async def _start_product(self) -> None:
        name = self.contender.product.name
        order = self._write_order()
        self.child = await start_child(name, "firstbyte.proxies.real.child", [str(order)], self._folder)

    def _write_order(self) -> Path:
        product, routes = self.contender.product, tuple(self._routes.values())
        work = self._folder / product.name
        work.mkdir(exist_ok=True)
        profile = scaled(self.contender.configured, self._factor)
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
        return path

    async def play(self, name: str) -> Cell:
        """One shape through it."""
        way = self.way(name)
        place = Place(front=way.front, clock=way.clock, scale=way.scale, limit=self.contender.limit)
        return await play(self._shapes[name], way.origin, place)

    def way(self, name: str) -> Way:
        """To one origin that has seen nothing yet, with the clock started anew."""
        clock, origin = self._clocks[name], self._origins[name]
        clock.began_ns = RealClock().began_ns
        origin.forget()
        front = (LOOPBACK, self._routes[name].port)
        return Way(front=front, clock=clock, origin=origin, scale=self._factor)

    def _log_tail(self) -> str:
        """The end of the product's logs."""
        logs = [self.log, *(self._folder / self.contender.product.name).glob("*.log")]
        texts = (log.read_text(encoding="utf-8", errors="replace").strip() for log in logs if log.exists())
        return " ".join(text[-_SAID:] for text in texts if text) or "it said nothing"

    async def close(self) -> None:
        """End the product, then the origins."""
        if self.child is not None:
            await self.child.stop()
        for origin in self._origins.values():
            await origin.close()


@contextlib.asynccontextmanager
async def running(contender: Contender, shapes: Sequence[Shape], factor: float) -> AsyncIterator[Running]:
    """A product that is gone afterwards, whatever happens in between."""
    with tempfile.TemporaryDirectory(prefix="firstbyte-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        os.chmod(name, 0o711)  # a product that refuses to be root has to get through to its own folder
        product = Running(contender, shapes, factor, folder)
        try:
            await product.open()
            yield product
        finally:
            await product.close()


async def measure(
    contenders: Sequence[Contender],
    shapes: Sequence[Shape],
    factor: float,
    jobs: int,
    take: Callable[[str, str, Cell], bool],
) -> None:
    """All shapes through all products, `jobs` at once; those with large bodies one by one, at the end.

    take: gets shape, product and what was seen, and says whether that is as expected. What is not is played
    again, alone: two processors can't be on time for everybody.
    """
    async with contextlib.AsyncExitStack() as stack:
        async with asyncio.TaskGroup() as group:
            starting = [
                group.create_task(stack.enter_async_context(running(one, shapes, factor)))
                for one in contenders
            ]
        products = [task.result() for task in starting]
        light = [shape.id for shape in shapes if not _is_large(shape)]
        heavy = [shape.id for shape in shapes if shape.id not in light]
        todo = [(product, name) for name in light for product in products]
        again = await _play_all(todo, jobs, take)
        again += await _play_all([(product, name) for name in heavy for product in products], 1, take)
        await _play_all(again, 1, take)


def _is_large(shape: Shape) -> bool:
    """Whether it alone keeps the machine busy."""
    if any(isinstance(step, StopReading) for step in shape.steps):
        return False  # what nobody reads costs nothing
    many = any(isinstance(step, Raw) and step.times >= _MANY and not step.every for step in shape.steps)
    return many or (shape.request.body_size or 0) >= _LARGE


async def _play_all(
    todo: Sequence[tuple[Running, str]], jobs: int, take: Callable[[str, str, Cell], bool]
) -> list[tuple[Running, str]]:
    """Play them; returns those that were not as expected."""
    places = asyncio.Semaphore(jobs)

    async def one(product: Running, name: str) -> bool:
        async with places:
            return take(name, product.contender.product.name, await product.play(name))

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(product, name)) for product, name in todo]
    return [pair for pair, task in zip(todo, tasks, strict=True) if not task.result()]
