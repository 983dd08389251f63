"""Heads that no server should send are read by the predictor as the emulated edge reads them."""

import pytest

from firstbyte.harness.files.loader import load_profile
from firstbyte.harness.model.shape import Close, Hold, Raw, Request, Shape, WaitRequest
from tests.harness.predict.lab import live, predicted, recorded

EDGES = [load_profile(name).profile for name in ("nginx", "varnish", "ats")]
OK = "HTTP/1.1 200 OK\r\n"
HEADS = [
    f"{OK}X: a\r\n b\r\nContent-Length: 2\r\n\r\nok",
    f"{OK} folded first\r\n\r\n",
    f"{OK}nonsense\r\nContent-Length: 2\r\n\r\nok",
    f"{OK}: no name\r\nContent-Length: 2\r\n\r\nok",
    f"{OK}A b: c\r\nContent-Length: 2\r\n\r\nok",
    f"{OK}A: b\0c\r\nContent-Length: 2\r\n\r\nok",
    f"{OK}A: \x01\r\nContent-Length: 2\r\n\r\nok",
    f"{OK}Content-Length: 2\r\nContent-Length: 2\r\n\r\nok",
    f"{OK}Content-Length: 2, 2\r\n\r\nok",
    f"{OK}Content-Length: +2\r\n\r\nok",
    f"{OK}Content-Length: -2\r\n\r\nok",
    f"{OK}Content-Length:2\r\n\r\nok",
    f"{OK}Content-Length:\r\n\r\nok",
    f"{OK}Transfer-Encoding: gzip\r\n\r\nok",
    f"{OK}Transfer-Encoding: identity\r\n\r\nok",
    f"{OK}Transfer-Encoding: CHUNKED\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    f"{OK}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    f"{OK}Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\nok",
    f"{OK}Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    f"{OK}Transfer-Encoding: chunked\r\n\r\n2\r\nokay\r\n0\r\n\r\n",
    f"{OK}Transfer-Encoding: chunked\r\n\r\n2;a=b\r\nok\r\n0\r\nX: y\r\n\r\n",
    f"{OK}Connection: x, close\r\nX: y\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 OK\r\n\r\n",
    "HTTP/1.1\r\n\r\n",
    "HTTP/1.1 600 Odd\r\n\r\n",
    "HTTP/1.1 99 Odd\r\n\r\n",
    "HTTP/1.1 +200 OK\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 2_00 OK\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 0200 OK\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.0 200 OK\r\n\r\nok",
    "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/11.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "http/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "\r\n\r\n",
    "HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    "HTTP/1.1 101 Switching Protocols\r\n\r\nhello",
    "HTTP/1.1 199 Odd\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
    "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
]


def test_equal_lengths_count_as_one_and_a_status_is_three_digits() -> None:
    told = {}
    for head in (7, 27, 28):
        steps = (WaitRequest(), Raw(text=HEADS[head]), Hold())
        told[head] = live(Shape(id="odd", title="odd", steps=steps), EDGES[0])[:2]
    assert told == {7: (200, "complete"), 27: (502, "complete"), 28: (502, "complete")}


@pytest.mark.parametrize("number", range(len(HEADS)))
@pytest.mark.parametrize("last", [Hold(), Close()], ids=["kept", "closed"])
def test_an_odd_head_is_read_alike(number: int, last: Hold | Close) -> None:
    for method in ("GET", "HEAD"):
        steps = (WaitRequest(), Raw(text=HEADS[number]), last)
        shape = Shape(id="odd", title="odd", steps=steps, request=Request(method=method))
        recording = recorded(shape)
        told = [live(shape, profile) for profile in EDGES]
        assert [predicted(recording, profile) for profile in EDGES] == told, (method, HEADS[number])
