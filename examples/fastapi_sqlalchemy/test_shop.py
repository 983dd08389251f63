"""In virtual time, with a real database in a file: the truth is asked of the file."""

import sqlite3
from contextlib import closing

import pytest
from shop import create_app


@pytest.fixture
def file(tmp_path):
    return tmp_path / "shop.db"


@pytest.fixture
def app(file):
    return create_app(f"sqlite+aiosqlite:///{file}")


@pytest.fixture
def truth(file, ledger):
    def stored():
        with closing(sqlite3.connect(file)) as connection:
            return [what for (what,) in connection.execute("select what from orders")]

    return ledger(stored)


def test_an_order_that_waits_for_the_bank_is_called_failed_though_it_is_taken(
    sim, app, truth, assert_delivered_once
):
    async def play(world):
        reply = await world.client.post("/paid-orders/tea")
        assert world.now == 30  # Heroku's router
        return reply

    reply = sim(app, play, "heroku")
    assert reply.status_code == 503
    with pytest.raises(AssertionError, match="phantom-failure"):
        assert_delivered_once("tea", reply, truth)


def test_an_order_that_is_answered_when_it_is_stored_is_delivered(sim, app, truth, assert_delivered_once):
    reply = sim(app, lambda world: world.client.post("/orders/tea"), "heroku")
    assert_delivered_once("tea", reply, truth)
