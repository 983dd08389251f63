"""In virtual time, with Django's ORM on a file of SQLite: the truth is asked of the file."""

import os
import sqlite3
import tempfile
from contextlib import closing

import pytest

folder = tempfile.TemporaryDirectory()
os.environ["SHOP_DATABASE"] = os.path.join(folder.name, "shop.db")

from shop import Order, app, create_tables  # noqa: E402 - it reads where its database is


@pytest.fixture(scope="session", autouse=True)
def tables():
    create_tables()


@pytest.fixture
def truth(ledger):
    Order.objects.all().delete()

    def stored():
        with closing(sqlite3.connect(os.environ["SHOP_DATABASE"])) as connection:
            return [what for (what,) in connection.execute("select what from shop_order")]

    return ledger(stored)


@pytest.mark.parametrize("view", ["paid-orders", "paid-orders-async"])
def test_an_order_that_waits_for_the_bank_is_called_failed_though_it_is_taken(
    sim, view, truth, assert_delivered_once
):
    async def play(world):
        reply = await world.client.post(f"/{view}/tea")
        assert world.now == 30  # Heroku's router
        return reply

    reply = sim(app, play, "heroku")
    assert reply.status_code == 503
    with pytest.raises(AssertionError, match="phantom-failure"):
        assert_delivered_once("tea", reply, truth)


def test_an_order_that_is_answered_when_it_is_stored_is_delivered(sim, truth, assert_delivered_once):
    reply = sim(app, lambda world: world.client.post("/orders/tea"), "heroku")
    assert_delivered_once("tea", reply, truth)
