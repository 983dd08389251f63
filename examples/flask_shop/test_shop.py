"""Any server will do: here werkzeug's, started by a fixture of the project's own."""

import threading
import unittest

import pytest
import urllib.request
from shop import app, orders
from werkzeug.serving import make_server


@pytest.fixture
def url():
    orders.clear()
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


def post(url, what):
    try:
        return urllib.request.urlopen(
            urllib.request.Request(f"{url}/order", what.encode(), method="POST")
        ).status
    except urllib.error.HTTPError as error:
        return error.code


def test_sending_again_after_a_deadline_orders_twice(edge, url, assert_delivered_once):
    front = edge(url, profile="aws-alb")
    front.expire()
    told = post(front.url, "tea")
    with pytest.raises(AssertionError, match="phantom-failure"):
        assert_delivered_once("tea", told, lambda: orders)
    told = post(front.url, "tea")
    with pytest.raises(AssertionError, match=r"duplicate: .* the server has 'tea' 2 times"):
        assert_delivered_once("tea", told, lambda: orders)


def test_an_order_that_waits_for_the_bank_is_called_failed_though_it_is_taken(sim, assert_delivered_once):
    """In virtual time, where a2wsgi makes an ASGI application of it."""
    orders.clear()
    reply = sim(app, lambda world: world.client.post("/paid-order", content="tea"), "heroku")
    assert reply.status_code == 503
    with pytest.raises(AssertionError, match="phantom-failure"):
        assert_delivered_once("tea", reply, lambda: orders)


def test_an_order_that_is_answered_when_it_is_stored_is_delivered(sim, assert_delivered_once):
    orders.clear()
    reply = sim(app, lambda world: world.client.post("/order", content="tea"), "heroku")
    assert_delivered_once("tea", reply, lambda: orders)


class TestInAClass(unittest.TestCase):
    """The fixtures in a unittest class: a fixture of the class hands them over."""

    @pytest.fixture(autouse=True)
    def _edge(self, edge, url, assert_delivered_once):
        self.front = edge(url)
        self.assert_delivered_once = assert_delivered_once

    def test_an_order_is_delivered_once(self):
        self.assert_delivered_once("tea", post(self.front.url, "tea"), lambda: orders)
