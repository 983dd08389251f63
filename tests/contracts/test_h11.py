"""h11's buffer and body readers, which the edge, mitmproxy and the predictor read answers with."""

import h11
import pytest
from h11._readers import ChunkedReader, ContentLengthReader, Http10Reader
from h11._receivebuffer import ReceiveBuffer

from tests.contracts.private_names import holds


def buffer_of(data: bytes) -> ReceiveBuffer:
    buffer = ReceiveBuffer()
    buffer += data
    return buffer


@holds("h11._receivebuffer.ReceiveBuffer")
def test_a_buffer_gives_complete_heads_and_parts_of_bodies() -> None:
    buffer = buffer_of(b"HTTP/1.1 200 OK\r\na: b\r\n")
    assert buffer.maybe_extract_lines() is None
    buffer += b"\r\nbody"
    assert buffer.maybe_extract_lines() == [bytearray(b"HTTP/1.1 200 OK"), bytearray(b"a: b")]
    assert buffer.maybe_extract_at_most(3) == bytearray(b"bod")
    assert (bytes(buffer), len(buffer), bool(buffer)) == (b"y", 1, True)
    assert buffer.maybe_extract_at_most(3) == bytearray(b"y")
    assert buffer.maybe_extract_at_most(3) is None
    assert not buffer


@holds("h11._readers.ContentLengthReader")
def test_a_body_of_a_length_ends_after_that_many_bytes() -> None:
    reader, buffer = ContentLengthReader(3), buffer_of(b"abcd")
    assert reader(buffer) == h11.Data(b"abc")
    assert reader(buffer) == h11.EndOfMessage()
    assert bytes(buffer) == b"d"


@holds("h11._readers.Http10Reader")
def test_a_body_without_a_length_ends_with_its_connection() -> None:
    reader, buffer = Http10Reader(), buffer_of(b"abcd")
    assert reader(buffer) == h11.Data(b"abcd")
    assert reader(buffer) is None
    assert reader.read_eof() == h11.EndOfMessage()


@holds("h11._readers.ChunkedReader", "_bytes_in_chunk", "_bytes_to_discard", "_reading_trailer")
@pytest.mark.parametrize(
    ("data", "state"),
    [
        (b"", (0, 0, False)),
        (b"3\r\nab", (1, 0, False)),
        (b"3\r\nabc", (0, b"\r\n", False)),
        (b"3\r\nabc\r\n", (0, b"", False)),
        (b"3\r\nabc\r\n0\r\n", (0, 0, True)),
    ],
)
def test_a_chunked_body_tells_whether_it_is_between_two_chunks(data: bytes, state: object) -> None:
    reader, buffer = ChunkedReader(), buffer_of(data)
    while reader(buffer) is not None:
        pass
    found = reader._bytes_in_chunk, reader._bytes_to_discard, reader._reading_trailer
    assert [bool(part) for part in found] == [bool(part) for part in state]  # type: ignore[attr-defined]  # a tuple


def test_the_end_of_a_chunked_body_is_an_event_and_a_wrong_length_an_error() -> None:
    reader, buffer = ChunkedReader(), buffer_of(b"0\r\n\r\n")
    assert reader(buffer) == h11.EndOfMessage()
    with pytest.raises(h11.ProtocolError):
        ChunkedReader()(buffer_of(b"x\r\n"))
