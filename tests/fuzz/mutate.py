"""Makes bad input from good: a seeded generator that mixes, cuts and repeats pieces and flips bytes.

The same seed gives the same inputs on any machine. `Source` also takes its choices from a fuzzer's bytes.
"""

import random  # noqa: TID251 - seeded: the same inputs in each run
from collections.abc import Sequence
from typing import Protocol

TOKENS = (
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b"\t",
    b":",
    b";",
    b",",
    b"%0d%0a",
    b"<script>",
    b"\xff\xfe",
    b"Content-Length: 3\r\n",
    b"Content-Length: 0\r\n",
    b"Content-Length: 99999999999999999999\r\n",
    b"Content-Length : 3\r\n",
    b"Content-Length: +3\r\n",
    b"Content-Length: 3, 3\r\n",
    b"Content-Length: 0x3\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: chunked, identity\r\n",
    b"Transfer-Encoding:\tchunked\r\n",
    b"Transfer-Encoding\t: chunked\r\n",
    b"Transfer-Encoding: \x0bchunked\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n",
    b" folded: line\r\n",
    b"Connection: close\r\n",
    b"Connection: host, content-length\r\n",
    b"Expect: 100-continue\r\n",
    b"Upgrade: websocket\r\nConnection: Upgrade\r\n",
    b"Trailer: x\r\n",
    b"Host: b\r\n",
    b"X-Firstbyte-Request: 9\r\n",
    b"3\r\nabc\r\n",
    b"0\r\n\r\n",
    b"0\r\nX: y\r\n\r\n",
    b"3;ext=1\r\nabc\r\n",
    b"ffffffffffffffff\r\n",
    b"-1\r\n",
    b"3 \r\nabc\r\n",
    b"3\nabc\n",
    b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
    b"HTTP/1.1 ",
    b"HTTP/1.0 ",
    b"HTTP/2.0 ",
    b"100 ",
    b"101 ",
    b"103 ",
    b"204 ",
    b"304 ",
    b"999 ",
    b"000 ",
)


class Source(Protocol):
    """Where choices come from."""

    def below(self, end: int) -> int:
        """A number from 0 to end - 1."""
        ...


class Seeded:
    """Choices of a seeded generator."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def below(self, end: int) -> int:
        return int(self._random.random() * end)


class Given:
    """Choices out of a fuzzer's bytes; 0 when they are used up."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def below(self, end: int) -> int:
        size = 1 if end <= 256 else 2
        part = self._data[self._at : self._at + size]
        self._at += size
        return int.from_bytes(part) % end


def choose[T](source: Source, of: Sequence[T]) -> T:
    """One of them."""
    return of[source.below(len(of))]


def mutated(source: Source, seeds: Sequence[bytes], tokens: Sequence[bytes] = TOKENS) -> bytes:
    """One to three seeds after another, with up to five changes; sometimes unchanged."""
    data = bytearray(b"".join(choose(source, seeds) for _ in range(choose(source, (1, 1, 1, 2, 3)))))
    for _ in range(source.below(6)):
        _change(source, data, tokens)
    return bytes(data)


def _change(source: Source, data: bytearray, tokens: Sequence[bytes]) -> None:
    at = source.below(len(data) + 1)
    match source.below(7):
        case 0:
            data[at:at] = choose(source, tokens)
        case 1:
            data[at : at + 1 + source.below(8)] = choose(source, tokens)
        case 2:
            del data[at : at + 1 + source.below(16)]
        case 3:
            data[at : at + 1] = bytes([source.below(256)])
        case 4:
            data[at:at] = data[at : at + 1 + source.below(64)]
        case 5:
            # At the end of a line: where headers are.
            line = data.find(b"\r\n", at)
            data[line + 2 : line + 2] = choose(source, tokens)
        case _:
            del data[at:]


def cut(source: Source, data: bytes) -> tuple[bytes, ...]:
    """The same bytes in one to four pieces, as reads may bring them."""
    ends = sorted(source.below(len(data) + 1) for _ in range(source.below(4)))
    return tuple(data[a:b] for a, b in zip([0, *ends], [*ends, len(data)], strict=True) if a < b)
