"""The HTTP/2 side of the raw client, in front of an emulated edge: answers, resets, uploads."""

import asyncio

import h2.config
import h2.connection
import pytest

from firstbyte.harness.client.http2 import REFUSED, Http2Exchange
from firstbyte.harness.client.raw import RawClient, Request
from firstbyte.harness.client.reading import Sight
from firstbyte.harness.model.profile import Answer
from firstbyte.harness.model.verdict import ClientExchange, End
from firstbyte.harness.sim import SimClock
from tests.proxies.lab import CHUNKED, HELLO, OK, Lab, Script, forever, head_of, profile, simulate, then

FIELDS = [(":method", "POST"), (":path", "/"), (":scheme", "http"), (":authority", "lab")]


def exchange_with(script: Script, request: Request, **fields: object) -> ClientExchange:
    async def main(lab: Lab) -> ClientExchange:
        assert isinstance(lab.clock, SimClock)
        client = RawClient(lab.address, clock=lab.clock, report=lab.events.append)
        try:
            return await client.exchange(request)
        finally:
            client.close()

    return simulate(script, profile(**fields), main)


def asked(body: bytes = b"{}") -> Request:
    return Request(id=1, method="POST", path="/x", body=body, intent="hello", http2=True)


def test_an_answer_is_read_to_its_end() -> None:
    seen = exchange_with(then(OK, "stall"), asked())
    assert (seen.status, seen.end, seen.body, seen.body_bytes) == (200, End.COMPLETE, "ok", 2)


def test_an_edges_own_answer_comes_with_its_invitation() -> None:
    told = {"timeout": Answer(status=524, headers=(("Retry-After", "120"),))}
    seen = exchange_with(then(b"", "stall"), asked(), more_answers=told)
    assert (seen.status, seen.end_at, seen.retry_signals) == (524, 1_000_000, ("retry-after: 120",))


def test_a_refused_stream_is_an_invitation_to_send_again() -> None:
    refused = {"closed": Answer(status=0, h2_error=REFUSED)}
    seen = exchange_with(then(b"", "fin"), asked(), more_answers=refused)
    assert (seen.status, seen.end, seen.retry_signals) == (None, End.RESET, (REFUSED,))


def test_any_other_reset_is_none() -> None:
    seen = exchange_with(then(CHUNKED + HELLO, "stall"), asked())
    assert (seen.status, seen.end, seen.body_bytes, seen.retry_signals) == (200, End.RESET, 6, ())


def test_a_body_larger_than_the_windows_arrives_whole() -> None:
    async def counting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        await reader.readexactly(300_000)
        writer.write(OK)
        await forever()

    assert exchange_with(counting, asked(b"x" * 300_000)).status == 200


# RFC 9113 6.1: DATA on stream 0 is a connection error.
@pytest.mark.parametrize(("data", "sight"), [(b"", Sight.TRUNCATED), (b"\0\0\1\0\0\0\0\0\0x", Sight.GARBAGE)])
def test_what_is_no_http2_ends_it(data: bytes, sight: Sight) -> None:
    reader = Http2Exchange(FIELDS, b"")
    assert [one.sight for one in reader.feed(data)] == [sight]
    assert reader.is_done


def test_a_connection_that_ends_in_order_without_an_answer_is_truncated() -> None:
    reader = Http2Exchange(FIELDS, b"")
    server = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    server.initiate_connection()
    server.receive_data(reader.to_send())
    server.close_connection()
    assert [one.sight for one in reader.feed(server.data_to_send())] == [Sight.TRUNCATED]
