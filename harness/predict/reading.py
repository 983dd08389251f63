"""Reads the origin's bytes as an edge does: interims, the answer, its body, its end, or how it broke.

h11's readers find the end of a body.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import h11
from h11._readers import ChunkedReader, ContentLengthReader, Http10Reader
from h11._receivebuffer import ReceiveBuffer

from firstbyte.harness.model.profile import Cause, NotHttp, On204, Profile
from firstbyte.harness.predict.head import NO_CONTENT, BadHead, Head, body_size, read_head
from firstbyte.proxies.rules.message import is_between_chunks, may_be_http


@dataclass(frozen=True, slots=True)
class Interim:
    """A complete 1xx response."""

    head: Head


@dataclass(frozen=True, slots=True)
class Header:
    """The complete head of the final answer, or of what the edge takes for it."""

    head: Head


@dataclass(frozen=True, slots=True)
class Body:
    """Bytes of the body."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """The answer is complete."""


@dataclass(frozen=True, slots=True)
class Broke:
    """The answer can't be completed. partial: only some bytes of its head had come."""

    cause: Cause
    partial: bool = False
    detail: str = ""


type Fact = Interim | Header | Body | Ended | Broke


class OriginReader:
    """Reads one answer on one connection. takes_as_final: the 1xx statuses that the edge takes for it."""

    def __init__(self, method: str, takes_as_final: frozenset[int], profile: Profile) -> None:
        self._method = method
        self._takes_as_final = takes_as_final
        self._profile = profile
        self._buffer = ReceiveBuffer()
        self._body: ChunkedReader | ContentLengthReader | Http10Reader | None = None
        self._is_over = False

    def __repr__(self) -> str:
        state = "over" if self._is_over else "in the body" if self._body else "in the head"
        return f"<OriginReader {state}>"

    def feed(self, data: bytes) -> Iterator[Fact]:
        """Yield what these bytes show."""
        if self._is_over:
            return
        self._buffer += data
        while self._body is None and not self._is_over:
            if not may_be_http(bytes(self._buffer)):
                yield from self._not_http()
                break
            lines = self._buffer.maybe_extract_lines()
            if lines is None:
                if len(self._buffer) > self._profile.max_answer_head:
                    yield self._broke(Cause.GARBAGE, "a head that is too long")
                return
            yield from self._take_head([bytes(line) for line in lines])
        yield from self._read_body()

    def _not_http(self) -> Iterator[Fact]:
        rule = self._profile.not_http
        if rule is NotHttp.REFUSE:
            yield self._broke(Cause.GARBAGE, "not an HTTP answer")
            return
        is_raw = rule is NotHttp.RAW
        head = Head(200, b"OK", (), is_raw=is_raw)
        self._body = _reader_of(-1 if is_raw else body_size(self._method, head))
        yield Header(head)

    def _take_head(self, lines: list[bytes]) -> Iterator[Fact]:
        try:
            head, passed_on = read_head(lines, self._profile.two_lengths)
        except BadHead as error:
            yield self._broke(Cause.GARBAGE, str(error))
            return
        if sum(map(len, lines)) > self._profile.max_answer_head:
            yield self._broke(Cause.GARBAGE, "a head that is too long")
        elif head.is_interim and head.status not in self._takes_as_final:
            yield Interim(head)
        else:
            self._body = _reader_of(self._size(head))
            yield Header(passed_on)

    def _size(self, head: Head) -> int | None:
        if head.status in self._takes_as_final:
            return -1
        if (
            head.status == NO_CONTENT
            and head.announces_body
            and self._profile.mutation.framed_204 is On204.PASS
        ):
            length = head.one(b"content-length")
            return int(length) if length else None
        return body_size(self._method, head)

    def _read_body(self) -> Iterator[Fact]:
        while self._body is not None and not self._is_over:
            try:
                part = self._body(self._buffer)
            except h11.ProtocolError as error:
                yield self._broke(Cause.GARBAGE, str(error))
                return
            if part is None:
                return
            if isinstance(part, h11.Data):
                yield Body(bytes(part.data))
            else:
                self._is_over = True
                yield Ended()

    def closed(self, cause: Cause) -> Iterator[Fact]:
        """Yield what the end of the connection means."""
        if self._is_over:
            return
        if self._body is None:
            yield self._broke(cause, "closed before the answer was there", partial=len(self._buffer) > 0)
        elif cause is Cause.FIN and isinstance(self._body, Http10Reader):
            self._is_over = True
            yield Ended()
        elif (
            cause is Cause.FIN
            and isinstance(self._body, ChunkedReader)
            and is_between_chunks(self._body, len(self._buffer))
        ):
            yield self._broke(Cause.FIN_AT_BOUNDARY, "closed between two chunks")
        else:
            yield self._broke(cause, "closed inside the body")

    def rest(self) -> bytes:
        """The bytes after the answer. After a 101 they belong to the other protocol."""
        return bytes(self._buffer)

    def _broke(self, cause: Cause, detail: str, *, partial: bool = False) -> Broke:
        self._is_over = True
        return Broke(cause, partial, detail)


def _reader_of(size: int | None) -> ChunkedReader | ContentLengthReader | Http10Reader:
    if size is None:
        return ChunkedReader()
    return Http10Reader() if size == -1 else ContentLengthReader(size)
