"""Applications as people write them, in virtual time: threads, databases, WSGI, WebSockets, other clients."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
from fastapi import BackgroundTasks, FastAPI, Request, WebSocket
from flask import Flask, request
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, TextMessage
from wsproto.events import Request as Upgrade

from firstbyte.harness.plugin.simulation import SimRunner, Simulation, UnfinishedWork
from firstbyte.harness.plugin.truth import assert_delivered_once, ledger

type Orders = list[str]
type App = Callable[[Orders], Any]

TOLD = 503, 30.0
"""What the router of Heroku tells a client whose server takes longer than 30 s, and when."""


def sleep(seconds: float) -> None:
    time.sleep(seconds)  # noqa: TID251 - as applications do


async def order(world: Simulation) -> tuple[int, float]:
    reply = await world.client.post("/order", content="tea")
    return reply.status_code, world.now


def endpoint_in_a_thread(orders: Orders) -> FastAPI:
    app = FastAPI()

    @app.post("/order")
    def take() -> str:
        sleep(40)
        orders.append("tea")
        return "done"

    return app


def endpoint_that_waits(orders: Orders) -> FastAPI:
    app = FastAPI()

    @app.post("/order")
    async def take() -> str:
        await asyncio.sleep(40)
        orders.append("tea")
        return "done"

    return app


def flask_application(orders: Orders) -> Flask:
    app = Flask("shop")

    @app.post("/order")
    def take() -> str:
        sleep(40)
        orders.append(request.data.decode())
        return "done"

    return app


SLOW: dict[str, App] = {
    "def endpoint": endpoint_in_a_thread,
    "async endpoint": endpoint_that_waits,
    "WSGI": flask_application,
}


@pytest.mark.parametrize("make", SLOW.values(), ids=SLOW)
def test_an_order_that_is_stored_after_the_edge_gave_up_is_a_phantom_failure(
    sim: SimRunner, make: App
) -> None:
    orders: Orders = []
    assert sim(make(orders), order, "heroku") == TOLD
    with pytest.raises(AssertionError, match="phantom-failure"):
        assert_delivered_once("tea", 503, ledger(lambda: orders), within=0)


def background_function(orders: Orders) -> FastAPI:
    app = FastAPI()

    def store() -> None:
        sleep(100)
        orders.append("tea")

    @app.post("/order")
    async def take(later: BackgroundTasks) -> str:
        later.add_task(store)
        return "taken"

    return app


def task_of_its_own(orders: Orders) -> FastAPI:
    app, kept = FastAPI(), set()

    async def store() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(100))
            group.create_task(asyncio.to_thread(sleep, 90))
        orders.append("tea")

    @app.post("/order")
    async def take() -> str:
        kept.add(asyncio.create_task(store()))
        return "taken"

    return app


def thread_of_its_own(orders: Orders) -> FastAPI:
    app = FastAPI()

    def store() -> None:
        sleep(100)
        orders.append("tea")

    @app.post("/order")
    async def take() -> str:
        asyncio.get_running_loop().run_in_executor(None, store)
        return "taken"

    return app


LATER: dict[str, App] = {
    "background function": background_function,
    "task and task group": task_of_its_own,
    "thread": thread_of_its_own,
}


@pytest.mark.parametrize("make", LATER.values(), ids=LATER)
def test_work_that_outlives_its_answer_runs_to_its_end(sim: SimRunner, make: App) -> None:
    orders: Orders = []
    assert sim(make(orders), order, "heroku")[0] == 200
    assert orders == ["tea"]


@pytest.mark.parametrize("make", LATER.values(), ids=LATER)
def test_a_test_may_wait_for_rest_before_it_asks(sim: SimRunner, make: App) -> None:
    orders: Orders = []

    async def play(world: Simulation) -> tuple[Orders, Orders, bool]:
        await order(world)
        before = list(orders)
        await world.rest()
        return before, orders, 100 <= world.now < 200

    assert sim(make(orders), play, "heroku") == ([], ["tea"], True)


def test_work_that_never_ends_is_ended_and_named(sim: SimRunner) -> None:
    app, kept = FastAPI(), set()

    async def forever() -> None:
        while True:  # noqa: ASYNC110 - what never ends
            await asyncio.sleep(60)

    @app.post("/order")
    async def take() -> str:
        kept.add(asyncio.create_task(forever()))
        return "taken"

    with pytest.warns(UnfinishedWork, match=r"3600 s virtual.*\n.*forever.*a sleep of 60 s"):
        assert sim(app, order, "heroku")[0] == 200


def test_what_runs_since_start_up_does_not_keep_a_simulation_from_its_end(sim: SimRunner) -> None:
    async def forever() -> None:
        while True:  # noqa: ASYNC110 - as above
            await asyncio.sleep(60)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(forever())
        yield
        task.cancel()

    app = FastAPI(lifespan=lifespan)

    @app.post("/order")
    async def take() -> str:
        return "taken"

    assert sim(app, order, "heroku") == (200, 0.0)


def test_a_deadline_by_the_monotonic_clock_is_virtual(sim: SimRunner) -> None:
    app = FastAPI()

    @app.post("/order")
    async def take() -> str:
        end = time.monotonic() + 3
        while time.monotonic() < end:  # noqa: ASYNC110 - as applications do
            await asyncio.sleep(0.1)
        return "done"

    status, at = sim(app, order, "heroku")
    assert (status, round(at, 1)) == (200, 3.1 if at > 3.05 else 3.0)


@asynccontextmanager
async def _database(path: Path) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
    async with engine.begin() as connection:
        await connection.execute(text("create table orders (name text)"))
    yield engine
    await engine.dispose()


def test_sqlalchemy_on_aiosqlite_in_a_lifespan_with_state(sim: SimRunner, tmp_path: Path) -> None:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, AsyncEngine]]:
        async with _database(tmp_path / "shop.db") as engine:
            yield {"engine": engine}

    app = FastAPI(lifespan=lifespan)

    @app.post("/order/{name}")
    async def take(name: str, call: Request) -> str:
        await asyncio.sleep(35)
        async with call.state.engine.begin() as connection:
            await connection.execute(text("insert into orders values (:name)"), {"name": name})
        return "done"

    async def play(world: Simulation) -> list[int]:
        replies = await asyncio.gather(*(world.client.post(f"/order/{name}") for name in "abc"))
        return [each.status_code for each in replies]

    assert sim(app, play, "heroku") == [503, 503, 503]
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        assert sorted(connection.execute("select name from orders")) == [("a",), ("b",), ("c",)]


def test_a_websocket_goes_through_the_edge(sim: SimRunner) -> None:
    app = FastAPI()

    @app.websocket("/chat")
    async def chat(socket: WebSocket) -> None:
        await socket.accept()
        async for line in socket.iter_text():
            await socket.send_text(f"{line}!")

    async def play(_world: Simulation) -> str:
        reader, writer = await asyncio.open_connection("edge", 80)
        connection = WSConnection(ConnectionType.CLIENT)

        async def until(kind: type[Any]) -> Any:
            while True:
                connection.receive_data(await reader.read(1000))
                for event in connection.events():
                    if isinstance(event, kind):
                        return event

        writer.write(connection.send(Upgrade(host="edge", target="/chat")))
        await until(AcceptConnection)
        writer.write(connection.send(TextMessage(data="hi")))
        answer = await until(TextMessage)
        writer.close()
        return str(answer.data)

    assert sim(app, play, "nginx") == "hi!"


async def by_httpx(url: str) -> int:
    async with httpx.AsyncClient(timeout=None) as client:
        return (await client.post(url)).status_code


async def by_aiohttp(url: str) -> int:
    async with aiohttp.ClientSession() as client, client.post(url) as reply:
        return reply.status


@pytest.mark.parametrize("send", [by_httpx, by_aiohttp])
def test_a_client_of_the_tests_own_is_virtual_too(
    sim: SimRunner, send: Callable[[str], Awaitable[int]]
) -> None:
    async def play(world: Simulation) -> tuple[int, float]:
        return await send(f"{world.url}/order"), world.now

    assert sim(endpoint_that_waits([]), play, "heroku") == TOLD


async def test_a_test_that_is_a_coroutine_plays_too(sim: SimRunner) -> None:
    assert sim(endpoint_that_waits([]), order, "heroku") == TOLD


def test_thirty_requests_at_once_wait_side_by_side(sim: SimRunner) -> None:
    async def play(world: Simulation) -> float:
        await asyncio.gather(*(world.direct.post("/order") for _ in range(30)))
        return world.now

    assert sim(endpoint_that_waits([]), play, "heroku") == 40.0
