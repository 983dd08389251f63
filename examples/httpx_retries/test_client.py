"""The server takes 100 s for its first order and is quick afterwards; the edge gives up after 60.

The last test has a quick server, and the edge does everything to every answer that an edge can do.
"""

import asyncio

import pytest
from client import order_blindly, order_with_key
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route


@pytest.fixture
def orders():
    return {}


@pytest.fixture
def app(orders):
    async def order(request):
        key = request.headers.get("Idempotency-Key") or f"order {len(orders) + 1}"
        is_first = not orders
        orders[key] = (await request.json())["what"]
        if is_first:
            await asyncio.sleep(100)
        return Response(status_code=204)

    return Starlette(routes=[Route("/orders", order, methods=["POST"])])


def test_sending_again_blindly_orders_twice(sim, app, orders, assert_delivered_once):
    reply = sim(app, lambda world: order_blindly(world.client, "tea"), "nginx")
    assert reply.status_code == 204
    with pytest.raises(AssertionError, match="duplicate"):
        assert_delivered_once("tea", reply, orders.values)


def test_sending_again_with_the_same_key_orders_once(sim, app, orders, assert_delivered_once):
    reply = sim(app, lambda world: order_with_key(world.client, "tea"), "nginx")
    assert_delivered_once("tea", reply, orders.values)


@pytest.fixture
def quick_app(orders):
    async def order(request):
        orders[request.headers["Idempotency-Key"]] = (await request.json())["what"]
        return Response(status_code=204)

    return Starlette(routes=[Route("/orders", order, methods=["POST"])])


@pytest.fixture
def truth(orders):
    return orders.values


@pytest.mark.firstbyte(faults="all", truth="truth")
def test_with_the_same_key_no_fault_orders_twice_or_loses_an_order(sim, quick_app):
    reply = sim(quick_app, lambda world: order_with_key(world.client, "tea"))
    assert reply.status_code == 204
