"""The `sim` fixture: an application of the user's, an edge and httpx, a hundred seconds in milliseconds."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from firstbyte.harness.plugin.simulation import SimRunner, Simulation
from firstbyte.harness.sim import SimError

ORDERS: list[str] = []


async def slow(request: Request) -> Response:
    ORDERS.append((await request.body()).decode())
    await asyncio.sleep(130)
    return Response(status_code=204)


async def beats(_request: Request) -> StreamingResponse:
    async def spaces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" "
            await asyncio.sleep(10)

    return StreamingResponse(spaces())


@asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[None]:
    ORDERS.clear()
    yield
    ORDERS.append("closed")


@pytest.fixture
def app() -> Starlette:
    return Starlette(
        routes=[Route("/slow", slow, methods=["POST"]), Route("/beats", beats)], lifespan=lifespan
    )


def test_the_edge_answers_after_a_hundred_seconds_that_take_none(sim: SimRunner, app: Starlette) -> None:
    async def play(world: Simulation) -> tuple[int, float, tuple[tuple[str, float], ...]]:
        reply = await world.client.post("/slow", content="tea")
        return reply.status_code, world.now, world.fired

    assert sim(app, play, "cloudflare-100") == (524, 100.0, (("proxy-read", 100.0),))
    assert ORDERS == ["tea", "closed"]


def test_past_the_edge_nobody_is_in_a_hurry(sim: SimRunner, app: Starlette) -> None:
    async def play(world: Simulation) -> tuple[int, float]:
        return (await world.direct.post("/slow", content="tea")).status_code, world.now

    assert sim(app, play) == (204, 130.0)


def test_a_stream_with_a_heartbeat_outlives_the_limit(sim: SimRunner, app: Starlette) -> None:
    async def play(world: Simulation) -> tuple[bytes, float]:
        return (await world.client.get("/beats")).content, world.now

    assert sim(app, play, "nginx") == (b" " * 20, 200.0)


def test_the_clients_own_timeouts_are_virtual_too(sim: SimRunner, app: Starlette) -> None:
    async def play(world: Simulation) -> float:
        with pytest.raises(httpx.ReadTimeout):
            await world.client.post("/slow", content="tea", timeout=7)
        return world.now

    assert sim(app, play) == 7.0


def test_what_reaches_outside_is_refused(sim: SimRunner, app: Starlette) -> None:
    async def play(_world: Simulation) -> None:
        with socket.socket() as outside:
            outside.connect(("127.0.0.1", 9))

    with pytest.raises(SimError, match=r"asked for a socket.*; .*use the `edge` fixture instead of `sim`"):
        sim(app, play)


def test_a_start_up_that_fails_is_told(sim: SimRunner) -> None:
    @asynccontextmanager
    async def broken(app: Starlette) -> AsyncIterator[None]:
        if app.routes == []:
            raise RuntimeError("no database")
        yield

    async def play(_world: Simulation) -> None:
        """Never."""

    with pytest.raises(RuntimeError, match="no database"):
        sim(Starlette(lifespan=broken), play)
