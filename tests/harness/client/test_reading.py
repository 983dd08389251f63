"""The reader of answers sees partial headers, 1xx, bodies and ends, however the bytes are cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstbyte.harness.client.reading import AnswerReader, Sight

NO_CONTENT = b"HTTP/1.1 204 No Content\r\nVary: Origin\r\nContent-Length: 0\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"


def sights(*parts: bytes, method: str = "POST") -> list[tuple[Sight, int]]:
    reader = AnswerReader(method)
    return [(one.sight, one.value) for part in parts for one in reader.feed(part)]


def test_a_partial_header_is_seen_line_by_line() -> None:
    assert sights(b"HTTP/1.1 204 No Content\r\n", b"Vary: Origin\r\n", b"\r\n") == [
        (Sight.FIRST_BYTE, 0),
        (Sight.HEADER_LINE, 1),
        (Sight.HEADER_LINE, 2),
        (Sight.HEADER, 204),
        (Sight.COMPLETE, 0),
    ]


def test_an_interim_answer_is_not_the_answer() -> None:
    assert sights(HINTS, NO_CONTENT) == [
        (Sight.FIRST_BYTE, 0),
        (Sight.INTERIM, 103),
        (Sight.HEADER, 204),
        (Sight.COMPLETE, 0),
    ]


ENDS = [
    ("fin before any byte", [b""], Sight.TRUNCATED),
    ("fin in the header", [b"HTTP/1.1 200 OK\r\nA: b\r\n", b""], Sight.TRUNCATED),
    ("fin in a chunk", [CHUNKED[:-8], b""], Sight.TRUNCATED),
    ("fin at a chunk boundary", [CHUNKED[:-5], b""], Sight.TRUNCATED),
    ("short length", [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", b""], Sight.TRUNCATED),
    ("close-delimited and fin", [b"HTTP/1.1 200 OK\r\n\r\nhi", b""], Sight.COMPLETE),
    ("garbage", [b"what is this\r\n\r\n"], Sight.GARBAGE),
    ("a bad chunk", [CHUNKED[:-5] + b"zz\r\n"], Sight.GARBAGE),
]


@pytest.mark.parametrize(("name", "parts", "end"), ENDS, ids=[name for name, _, _ in ENDS])
def test_each_end_is_told_apart(name: str, parts: list[bytes], end: Sight) -> None:
    assert sights(*parts)[-1][0] is end, name


@given(st.lists(st.integers(min_value=1, max_value=len(CHUNKED) - 1), max_size=8))
def test_how_the_bytes_are_cut_does_not_change_what_they_say(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(CHUNKED)]
    reader = AnswerReader("POST")
    for start, end in pairwise(edges):
        if start < end:
            reader.feed(CHUNKED[start:end])
    assert (reader.status, bytes(reader.body), reader.is_complete) == (200, b"hello", True)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    ],
)
def test_a_body_on_a_204_is_noticed_and_the_connection_not_kept(answer: bytes) -> None:
    reader = AnswerReader("POST")
    reader.feed(answer)
    assert (reader.is_complete, reader.framing_ok, reader.keep_alive) == (True, False, False)


def test_an_answer_to_head_has_no_body() -> None:
    assert sights(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", method="HEAD")[-1][0] is Sight.COMPLETE


def test_a_clean_answer_keeps_the_connection() -> None:
    reader = AnswerReader("POST")
    reader.feed(NO_CONTENT)
    assert reader.keep_alive


def test_after_a_101_comes_another_protocol_until_the_connection_ends() -> None:
    switch = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
    assert sights(switch + b"hi", b"\x81\x00", b"", method="GET") == [
        (Sight.FIRST_BYTE, 0),
        (Sight.HEADER, 101),
        (Sight.BODY, 2),
        (Sight.BODY, 2),
        (Sight.COMPLETE, 0),
    ]


def test_a_reader_shows_its_state() -> None:
    reader = AnswerReader("GET")
    reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi")
    assert repr(reader) == "<AnswerReader status=200 body=2 done=False>"


def test_of_a_long_body_the_beginning_is_kept_and_all_is_counted() -> None:
    reader = AnswerReader("GET", keep=3)
    reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcd")
    reader.feed(b"ef")
    assert (bytes(reader.body), reader.body_bytes, reader.is_complete) == (b"abc", 6, True)
