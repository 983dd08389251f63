"""In virtual time: a hundred seconds take milliseconds, and the edge's answer comes at its second."""

import asyncio

import pytest
from shop import app, orders


def test_an_order_that_waits_is_called_failed_though_it_is_taken(sim, assert_delivered_once):
    async def play(world):
        reply = await world.client.post("/waiting/tea")
        assert world.now == 125  # Cloudflare's limit of 2026
        return reply

    reply = sim(app, play, "cloudflare")
    assert reply.status_code == 524
    with pytest.raises(AssertionError, match="phantom-failure"):
        assert_delivered_once("tea", reply, lambda: orders)


def test_an_order_that_is_answered_first_is_delivered(sim, assert_delivered_once):
    async def play(world):
        reply = await world.client.post("/at-once/tea")
        assert world.now == 0
        await asyncio.sleep(130)  # of virtual time
        assert (await world.client.get("/status/tea")).json() == {"packed": True}
        return reply

    assert_delivered_once("tea", sim(app, play, "cloudflare"), lambda: orders)
