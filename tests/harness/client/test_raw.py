"""The raw client reports everything it sends and sees, on real sockets."""

import asyncio
import socket

import pytest

from firstbyte.harness.client.raw import RawClient, Request
from firstbyte.harness.clock import RealClock
from firstbyte.harness.model.timeline import Actor, Kind
from firstbyte.harness.model.units import Duration, seconds
from firstbyte.harness.model.verdict import ClientExchange, End
from firstbyte.harness.origin.playing import reset
from tests.harness.loopback import LOOPBACK, Address, Script, Watcher, head_of, serving

pytestmark = pytest.mark.real

GET = Request(id=1, method="GET", path="/")
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def client_of(address: Address, watcher: Watcher) -> RawClient:
    return RawClient(address, clock=RealClock(), report=watcher.report)


def answering(*parts: bytes) -> Script:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        for part in parts:
            writer.write(part)

    return script


async def exchange(script: Script, request: Request = GET) -> tuple[ClientExchange, Watcher]:
    watcher = Watcher()
    async with serving(script) as address:
        client = client_of(address, watcher)
        seen = await client.exchange(request)
        client.close()
    return seen, watcher


async def test_first_byte_header_lines_header_and_body_are_seen_one_by_one() -> None:
    watcher = Watcher()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(b"HTTP")
        await watcher.until(Kind.FIRST_BYTE)
        writer.write(b"/1.1 200 OK\r\n")
        await watcher.until(Kind.HEADER_LINE)
        writer.write(b"Content-Length: 4\r\n")
        await watcher.until(Kind.HEADER_LINE, 2)
        writer.write(b"\r\n")
        await watcher.until(Kind.HEADER_COMPLETED)
        writer.write(b"abc")
        await watcher.until(Kind.BODY)
        writer.write(b"d")

    async with serving(script) as address:
        client = client_of(address, watcher)
        seen = await client.exchange(GET)
        client.close()
    assert watcher.kinds() == [
        Kind.CONNECTED,
        Kind.REQUEST_SENT,
        Kind.FIRST_BYTE,
        Kind.HEADER_LINE,
        Kind.HEADER_LINE,
        Kind.HEADER_COMPLETED,
        Kind.BODY,
        Kind.BODY,
        Kind.ENDED,
    ]
    assert [one["count"] for one in watcher.data(Kind.HEADER_LINE)] == [1, 2]
    assert [one["bytes"] for one in watcher.data(Kind.BODY)] == [3, 1]
    assert (seen.status, seen.end, seen.body, seen.body_bytes) == (200, End.COMPLETE, "abcd", 4)
    assert seen.first_byte_at is not None
    assert seen.header_at is not None
    assert seen.end_at is not None
    assert seen.sent_at <= seen.first_byte_at < seen.header_at < seen.end_at
    assert {(event.actor, event.request) for event in watcher.events} == {(Actor.CLIENT, 1)}


async def test_interim_answers_are_noted_and_are_not_the_answer() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    seen, watcher = await exchange(answering(b"HTTP/1.1 102 Processing\r\n\r\n" + early, NO_CONTENT))
    assert (seen.interims, seen.status, seen.end) == ((102, 103), 204, End.COMPLETE)
    assert watcher.kinds().count(Kind.INTERIM) == 2


ENDS = [
    ("a complete answer", OK, End.COMPLETE, 200),
    ("no byte at all", b"", End.TRUNCATED, None),
    ("half a header", b"HTTP/1.1 200 OK\r\nA: b\r\n", End.TRUNCATED, None),
    ("half a body", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", End.TRUNCATED, 200),
    ("half a chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", End.TRUNCATED, 200),
    ("a body until the end", b"HTTP/1.1 200 OK\r\n\r\nok", End.COMPLETE, 200),
    ("garbage", b"what is this\r\n\r\n", End.TRUNCATED, None),
    ("garbage after the header", OK[:17] + b"Content-Length: x\r\n\r\n", End.TRUNCATED, None),
]


@pytest.mark.parametrize(("name", "answer", "end", "status"), ENDS, ids=[row[0] for row in ENDS])
async def test_each_end_is_told_apart(name: str, answer: bytes, end: End, status: int | None) -> None:
    seen, watcher = await exchange(answering(answer))
    assert (seen.end, seen.status, seen.request_left) == (end, status, True), name
    assert watcher.data(Kind.ENDED) == [{"end": str(end)}]


async def test_a_reset_is_no_plain_end() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        reset(writer)

    seen, _ = await exchange(script)
    assert (seen.end, seen.status, seen.connected) == (End.RESET, None, True)


async def test_a_reset_in_the_body_keeps_the_status() -> None:
    watcher = Watcher()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok")
        await watcher.until(Kind.BODY)
        reset(writer)

    async with serving(script) as address:
        seen = await client_of(address, watcher).exchange(GET)
    assert (seen.end, seen.status, seen.body_bytes) == (End.RESET, 200, 2)


async def test_nobody_listening_is_refused_and_nothing_left() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        address = server.getsockname()
    watcher = Watcher()
    seen = await client_of(address, watcher).exchange(GET)
    assert (seen.connected, seen.request_left, seen.end, seen.status) == (False, False, End.RESET, None)
    assert watcher.kinds() == [Kind.REFUSED]
    assert watcher.data(Kind.REFUSED) == [{"reason": "ConnectionRefusedError"}]


async def test_a_client_that_leaves_has_no_end_of_the_answer() -> None:
    gone = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        await reader.read()
        gone.set()

    watcher = Watcher()
    request = Request(id=1, method="GET", path="/", leave_after=Duration(20_000))
    async with serving(script) as address, asyncio.timeout(10):
        seen = await client_of(address, watcher).exchange(request)
        await gone.wait()
    assert (seen.end, seen.status, seen.request_left) == (End.OPEN, None, True)
    assert watcher.kinds()[-2:] == [Kind.LEFT, Kind.ENDED]
    assert seen.end_at is not None
    assert seen.end_at - seen.sent_at >= 20_000


async def test_a_client_that_leaves_in_its_upload_has_not_sent_the_request() -> None:
    request = Request(
        id=1, method="POST", path="/", body=b"x" * 100, pace=seconds(100), leave_after=Duration(1_000)
    )

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    seen, watcher = await exchange(script, request)
    assert (seen.end, seen.request_left) == (End.OPEN, False)
    assert Kind.REQUEST_SENT not in watcher.kinds()


async def test_an_answer_before_its_time_to_leave_is_complete() -> None:
    seen, watcher = await exchange(
        answering(OK), Request(id=1, method="GET", path="/", leave_after=seconds(60))
    )
    assert seen.end is End.COMPLETE
    assert Kind.LEFT not in watcher.kinds()


async def test_an_upload_is_spread_over_its_pace_in_ten_parts() -> None:
    arrivals: list[float] = []
    received = bytearray()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        while len(received) < 100:
            received.extend(await reader.read(1000))
            arrivals.append(asyncio.get_running_loop().time())
        writer.write(NO_CONTENT)

    body = bytes(range(100))
    request = Request(id=1, method="POST", path="/", body=body, pace=Duration(90_000))
    seen, watcher = await exchange(script, request)
    assert (bytes(received), seen.status) == (body, 204)
    assert arrivals[-1] - arrivals[0] >= 0.05
    assert watcher.data(Kind.REQUEST_SENT) == [{"method": "POST", "path": "/", "bytes": 100}]


async def test_an_answer_in_the_middle_of_the_upload_ends_it() -> None:
    request = Request(id=1, method="POST", path="/", body=b"x" * 100, pace=seconds(100))
    seen, watcher = await exchange(
        answering(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n"), request
    )
    assert (seen.status, seen.end, seen.request_left) == (413, End.COMPLETE, True)
    assert Kind.REQUEST_SENT not in watcher.kinds()


HEADS = [
    (
        Request(id=7, method="GET", path="/a", headers=(("A", "b"),)),
        [b"GET /a HTTP/1.1", b"A: b", b"X-Firstbyte-Request: 7"],
        [b"Content-Length", b"X-Firstbyte-Intent"],
    ),
    (Request(id=7, method="POST", path="/"), [b"Content-Length: 0"], []),
    (Request(id=7, method="DELETE", path="/", body=b"abc"), [b"Content-Length: 3"], []),
    (
        Request(id=7, method="POST", path="/", intent="hello"),
        [b"X-Firstbyte-Intent: hello"],
        [],
    ),
]


@pytest.mark.parametrize(("request_", "there", "missing"), HEADS, ids=["get", "post", "delete", "intent"])
async def test_the_head_says_what_is_sent_and_for_what(
    request_: Request, there: list[bytes], missing: list[bytes]
) -> None:
    heads: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await head_of(reader))
        writer.write(NO_CONTENT)

    await exchange(script, request_)
    lines = heads[0].split(b"\r\n")
    assert all(line in lines for line in there)
    assert not any(line.startswith(name) for name in missing for line in lines)


async def connections_of(*reuse: bool, script_ends: bool = False) -> list[int]:
    """How many requests each connection got, for requests that ask to reuse the last one or not."""
    counts: list[int] = []
    watcher = Watcher()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = len(counts)
        counts.append(0)
        while True:
            await head_of(reader)
            counts[number] += 1
            writer.write(
                b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n" if script_ends else NO_CONTENT
            )

    async with serving(script) as address:
        client = client_of(address, watcher)
        for again in reuse:
            await client.exchange(GET, reuse=again)
        client.close()
    assert watcher.kinds().count(Kind.CONNECTED) == len(counts)
    return counts


async def test_a_connection_is_reused_when_asked_to() -> None:
    assert await connections_of(False, True, True) == [3]


async def test_a_new_connection_is_made_when_not_asked_to_reuse() -> None:
    assert await connections_of(False, False) == [1, 1]


async def test_a_connection_that_the_answer_closes_is_not_reused() -> None:
    assert await connections_of(False, True, script_ends=True) == [1, 1]


async def test_a_connection_that_was_closed_meanwhile_is_not_reused() -> None:
    watcher = Watcher()
    close = asyncio.Event()
    counts: list[asyncio.StreamWriter] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        counts.append(writer)
        await head_of(reader)
        writer.write(NO_CONTENT)
        await close.wait()

    async with serving(script) as address:
        client = client_of(address, watcher)
        await client.exchange(GET)
        close.set()
        assert client._idle is not None
        async with asyncio.timeout(10):
            await client._idle[0].read()  # the end of the connection, come in while it was idle
        seen = await client.exchange(GET, reuse=True)
        client.close()
    assert (len(counts), seen.status) == (2, 204)


RETRY = [
    (b"HTTP/1.1 503 x\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n", ("retry-after: 5",)),
    (
        b'HTTP/1.1 524 x\r\nContent-Length: 20\r\n\r\n{"retryable" : true}',
        ('"retryable": true',),
    ),
    (OK, ()),
]


@pytest.mark.parametrize(("answer", "signals"), RETRY, ids=["header", "body", "none"])
async def test_what_invites_to_send_again_is_noted(answer: bytes, signals: tuple[str, ...]) -> None:
    seen, _ = await exchange(answering(answer))
    assert seen.retry_signals == signals


async def test_bytes_after_the_end_are_a_broken_framing() -> None:
    seen, _ = await exchange(answering(b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n{}"))
    assert (seen.status, seen.framing_ok) == (204, False)
