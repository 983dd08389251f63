"""`origin`, `ledger` and `assert_delivered_once`: what was told is held against what is there."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace

import httpx
import pytest
from flask import Flask
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from firstbyte.harness.plugin.edge import EdgeFactory
from firstbyte.harness.plugin.origin import OriginFactory
from firstbyte.harness.plugin.truth import OriginLedger, settled
from firstbyte.harness.problems import BadInput, SetupFailed

LOST = httpx.ReadError("reset")


@pytest.mark.parametrize(
    ("told", "stored", "belief", "verdict"),
    [
        (204, 1, "status", ""),
        (SimpleNamespace(status_code=200), 1, "status", ""),
        (524, 1, "status", "phantom-failure: told failed, but it happened"),
        (LOST, 1, "status", "phantom-failure"),
        (204, 0, "status", "phantom-success: told ok, but nothing is there"),
        (204, 2, "status", "duplicate"),
        (524, 2, "status", "duplicate"),
        (400, 0, "status", "refused"),
        (524, 1, "careful", "unresolved"),
        (LOST, 0, "careful", "unresolved"),
        (400, 1, "careful", "phantom-failure"),
    ],
)
def test_the_verdict_is_the_judges(
    told: object, stored: int, belief: str, verdict: str, assert_delivered_once: Callable[..., None]
) -> None:
    def check() -> None:
        assert_delivered_once("tea", told, lambda: ["milk", *["tea"] * stored], belief=belief, within=0)

    if not verdict:
        check()
        return
    with pytest.raises(AssertionError, match=verdict):
        check()


@pytest.mark.parametrize(
    ("stored_at", "within", "effects", "asked_until"),
    [
        ([], 10, 0, 10),
        ([4], 10, 1, 5),
        ([0], 10, 1, 1),
        ([0, 0.8], 10, 2, 1.8),
        ([4, 4.5], 10, 2, 5.5),
        ([4], 0, 0, 0),
        ([12], 10, 0, 10),
    ],
)
def test_the_truth_is_asked_until_it_is_stable(
    stored_at: list[float], within: float, effects: int, asked_until: float
) -> None:
    passed = [0.0]

    def pause(seconds: float) -> None:
        passed[0] += seconds

    truth = OriginLedger(lambda: ["tea" for at in stored_at if at <= passed[0]])
    account = settled(truth, "tea", within, lambda: int(passed[0] * 1e9), pause)
    assert account.effects("tea") == effects
    assert asked_until <= passed[0] <= asked_until + 0.5


@pytest.mark.real
def test_an_order_that_is_stored_seconds_after_the_edge_gave_up_is_a_phantom_failure(
    origin: OriginFactory, edge: EdgeFactory, assert_delivered_once: Callable[..., None]
) -> None:
    orders: list[str] = []

    async def slow(_request: Request) -> Response:
        await asyncio.sleep(4)
        orders.append("tea")
        return Response(status_code=204)

    front = edge(origin(app=Starlette(routes=[Route("/", slow, methods=["POST"])])).url)
    front.expire()
    reply = httpx.post(front.url, content="tea")
    assert not orders
    with pytest.raises(AssertionError, match="phantom-failure"):
        assert_delivered_once("tea", reply, lambda: orders)


def test_what_is_no_answer_is_refused(assert_delivered_once: Callable[..., None]) -> None:
    with pytest.raises(BadInput, match="is no response, status or exception"):
        assert_delivered_once("tea", "204", list)


def shop() -> Starlette:
    orders: list[str] = []

    async def order(request: Request) -> Response:
        orders.append((await request.body()).decode())
        return Response(status_code=204)

    async def listed(_request: Request) -> JSONResponse:
        return JSONResponse({"orders": [{"what": one} for one in orders]})

    return Starlette(routes=[Route("/", order, methods=["POST"]), Route("/orders", listed)])


@pytest.mark.real
def test_an_application_behind_an_edge_is_asked_for_the_truth_by_url(
    origin: OriginFactory,
    edge: EdgeFactory,
    ledger: Callable[..., OriginLedger],
    assert_delivered_once: Callable[..., None],
) -> None:
    server = origin(app=shop())
    truth = ledger(f"{server.url}/orders", "orders[*].what")
    front = edge(server.url)
    assert_delivered_once("tea", httpx.post(front.url, content="tea"), truth)
    front.expire()
    reply = httpx.post(front.url, content="milk")
    with pytest.raises(
        AssertionError, match=r"phantom-failure: .* told failed \(524\), the server has 'milk' once"
    ):
        assert_delivered_once("milk", reply, truth)
    assert truth.effects("tea") == 1


@pytest.mark.real
@pytest.mark.parametrize("hangs", [False, True])
def test_the_lifespan_of_an_application_has_state_and_shuts_down(hangs: bool) -> None:
    steps: list[str] = []

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[dict[str, str]]:
        yield {"name": "shop"}
        steps.append("closed")

    async def name(request: Request) -> Response:
        steps.append(request.state.name)
        if hangs:
            await asyncio.sleep(3600)
        return Response()

    origin = OriginFactory()
    url = origin(app=Starlette(routes=[Route("/", name)], lifespan=lifespan)).url
    if hangs:
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(url, timeout=0.5)
    else:
        assert httpx.get(url).status_code == 200
    origin.close()
    assert steps == ["shop", "closed"]


@pytest.mark.real
def test_a_wsgi_application_is_a_server(origin: OriginFactory) -> None:
    app = Flask("shop")
    app.add_url_rule("/", view_func=lambda: "tea")
    assert httpx.get(origin(app=app).url).text == "tea"


@pytest.mark.real
def test_a_wire_shape_is_a_server(origin: OriginFactory) -> None:
    server = origin(shape="204-bare")
    assert httpx.post(server.url, content=b"x").status_code == 204
    assert server.arrivals == 1


def test_what_is_wrong_is_told(origin: OriginFactory, ledger: Callable[..., OriginLedger]) -> None:
    with pytest.raises(BadInput, match="name one of shape='silent'"):
        origin()
    with pytest.raises(BadInput, match="did you mean 'silent'"):
        origin(shape="silentt")
    with pytest.raises(BadInput, match="is no path"):
        ledger("http://127.0.0.1:9/", "a..b")
    with pytest.raises(SetupFailed, match="can't be asked for the truth"):
        ledger("http://127.0.0.1:9/").effects("tea")
