"""The classic ways to hide a second request in a first: none reaches the origin as a request of its own.

The origin reads with a strict parser of its own. The words of each case: RFC 9112 11.2, and the names the
attacks are known by.
"""

import pytest

from firstbyte.harness.sim import Sim, run_sim
from tests.fuzz.field import Field, Play
from tests.fuzz.seeds import fuzzed_profile

HIDDEN = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
OK = (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",)


def sized(data: bytes) -> bytes:
    return b"%x\r\n" % len(data) + data + b"\r\n0\r\n\r\n"


#: What may come of it at the origin: nothing, or the outer request alone with the hidden one as its body.
CASES = {
    "CL.TE": POST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "TE.CL": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n" + sized(HIDDEN),
    "TE.TE": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n" + HIDDEN,
    "TE list": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + HIDDEN,
    "TE with a tab before the colon": POST + b"Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "TE with a vertical tab": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "TE in HTTP/1.0": b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "two lengths": POST + b"Content-Length: 0\r\nContent-Length: 37\r\n\r\n" + HIDDEN,
    "a list of lengths": POST + b"Content-Length: 0, 37\r\n\r\n" + HIDDEN,
    "a length with a sign": POST + b"Content-Length: +0\r\n\r\n" + HIDDEN,
    "a length in hex": POST + b"Content-Length: 0x0\r\n\r\n" + HIDDEN,
    "a length with a space before the colon": POST + b"Content-Length : 0\r\n\r\n" + HIDDEN,
    "a folded length": POST + b"Content-Length:\r\n 0\r\n\r\n" + HIDDEN,
    "a folded coding": POST + b"X: y\r\n Transfer-Encoding: chunked\r\n\r\n" + HIDDEN,
    "a bare CR in a value": POST + b"X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a bare LF in a head": b"GET / HTTP/1.1\nHost: a\nX: y\r\r\n\r\n" + HIDDEN,
    "NUL in a value": POST + b"X: \0\r\nContent-Length: 0\r\n\r\n" + HIDDEN,
    "a name with a space": POST + b"X Content-Length: 0\r\n\r\n" + HIDDEN,
    "a chunk size with a sign": POST + b"Transfer-Encoding: chunked\r\n\r\n+0\r\n\r\n" + HIDDEN,
    "a chunk size with a prefix": POST + b"Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n" + HIDDEN,
    "a chunk size too large": POST + b"Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n" + HIDDEN,
    "a chunk extension with a line feed": POST + b"Transfer-Encoding: chunked\r\n\r\n0;\n\r\n\r\n" + HIDDEN,
    "a chunk that is longer than its size": POST
    + b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n"
    + HIDDEN,
    "CONNECT": b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n" + HIDDEN,
    "a target with a space": b"GET / HTTP/1.1\r\nX: / HTTP/1.1\r\nHost: a b\r\n\r\n" + HIDDEN,
    "two Hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + HIDDEN,
    "an upgrade nobody agreed to": b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
    b"Upgrade: h2c\r\nHTTP2-Settings: x\r\nContent-Length: 37\r\n\r\n" + HIDDEN,
}


def at_the_origin(sent: bytes, origin: tuple[bytes, ...] = OK) -> list[tuple[str, str]]:
    """The requests a strict origin reads."""

    async def main(sim: Sim) -> list[tuple[str, str]]:
        field = Field(sim, fuzzed_profile())
        await field.start()
        assert await field.play(Play((sent,), origin, origin_end="on")) == ""
        await field.close()
        return field.requests

    return run_sim(main)


@pytest.mark.parametrize("sent", [pytest.param(sent, id=name) for name, sent in CASES.items()])
def test_a_hidden_request_stays_hidden(sent: bytes) -> None:
    assert [target for _, target in at_the_origin(sent) if target != "/"] == []


def test_the_same_bytes_without_a_trick_are_two_requests() -> None:
    assert [target for _, target in at_the_origin(POST + b"Content-Length: 0\r\n\r\n" + HIDDEN)] == [
        "/",
        "/smuggled",
    ]


def test_a_chunk_extension_goes_no_further() -> None:
    assert at_the_origin(POST + b'Transfer-Encoding: chunked\r\n\r\n3;a="b"\r\nabc\r\n0\r\n\r\n') == [
        ("POST", "/")
    ]


@pytest.mark.parametrize(
    "target", [b"http://elsewhere.example:99/x", b"//elsewhere.example/x", b"/x@elsewhere.example", b"/../x"]
)
def test_no_target_leads_elsewhere(target: bytes) -> None:
    (seen,) = at_the_origin(b"GET " + target + b" HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n")
    assert seen[1].endswith(("/x", "/x@elsewhere.example"))


def test_a_redirect_of_the_origin_is_the_clients_to_follow() -> None:
    moved = (b"HTTP/1.1 307 Temporary\r\nLocation: http://elsewhere.example/\r\nContent-Length: 0\r\n\r\n",)
    assert at_the_origin(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", moved) == [("GET", "/")]
