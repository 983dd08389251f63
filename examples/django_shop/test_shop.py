"""A real server behind a real edge; the truth is asked of the server itself, past the edge."""

import urllib.error
import urllib.request

import pytest
from shop import app, orders


@pytest.fixture
def shop(origin):
    orders.clear()
    return origin(app=app)


@pytest.fixture
def truth(shop, ledger):
    return ledger(f"{shop.url}/orders", "orders[*]")


def post(url, what):
    try:
        return urllib.request.urlopen(urllib.request.Request(f"{url}/order", what.encode(), method="POST"))
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.firstbyte
def test_an_order_is_delivered_once(edge, shop, truth, assert_delivered_once):
    assert_delivered_once("tea", post(edge(shop.url).url, "tea"), truth)


@pytest.mark.firstbyte
def test_a_deadline_makes_a_phantom_failure_of_it(edge, shop, truth, assert_delivered_once):
    front = edge(shop.url)
    front.expire()
    told = post(front.url, "milk")
    assert len(front.fired) == 1
    with pytest.raises(AssertionError, match="phantom-failure"):
        assert_delivered_once("milk", told, truth)
