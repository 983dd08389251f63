"""Inputs that once went wrong, found by tests/fuzz: each with what it did."""

import pytest

from tests.fuzz.field import Play, faults
from tests.fuzz.seeds import fuzzed_profile

OK = (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",)
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"
#: GET / over https of host 'a', in HPACK.
HEADERS = b"\x00\x00\x06\x01\x04\x00\x00\x00\x01\x82\x84\x87\x41\x01a"
EMPTY = b"\x00\x00\x00\x00\x00\x00\x00\x00\x01"
EMPTY_END = b"\x00\x00\x00\x00\x01\x00\x00\x00\x01"

PLAYS = [
    pytest.param(
        Play((b"GET / HTTP/1.0\r\n\r\n",), OK),
        id="an HTTP/1.0 request without Host went to the origin as HTTP/1.1 without Host",
    ),
    pytest.param(
        Play((b"GET http://a.<script>b/x HTTP/1.1\r\nHost: a\r\n\r\n",), OK),
        id="a refusal quoted markup of the request line as it came",
    ),
    pytest.param(
        Play((b"GET / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\nHost: a\r\n\r\n",), OK),
        id="a transfer coding that nobody undoes went to the origin",
    ),
    pytest.param(
        Play((PREFACE + HEADERS + EMPTY + EMPTY_END,), OK, http2=True),
        id="an empty DATA frame left an empty chunk on the origin's connection after the request",
    ),
    pytest.param(
        Play((b"HEAD /x\xffy HTTP/1.1\r\nHost: a\r\n\r\n",), OK),
        id="a target with a byte that no strict origin reads went on",
    ),
    pytest.param(
        Play((GET,), (b"HTTP/1.1 200 OK\r\nContent-Length: 03\r\n\r\nabc",), stream=b"abc"),
        id="a length with a zero before it ended the client's connection without an answer",
    ),
    pytest.param(
        Play((GET,), (b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n",)),
        id="a length of more digits than Python turns into a number did so too",
    ),
    pytest.param(
        Play((b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"9" * 30 + b"\r\n\r\nabc",), OK),
        id="a length that no origin can count went on to it",
    ),
]


@pytest.mark.parametrize("play", PLAYS)
def test_it_stays_right(play: Play) -> None:
    assert faults([play], fuzzed_profile()) == []
