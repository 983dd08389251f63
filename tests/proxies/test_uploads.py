"""Requests with a body on their way through an edge: streamed, buffered, slow, early answers."""

import asyncio
import tracemalloc
from collections.abc import Callable

import pytest

from firstbyte.harness.model.profile import Interim, InterimAction, Point, Profile
from firstbyte.harness.model.timeline import Kind
from tests.proxies.lab import (
    HEADER,
    OK,
    Lab,
    Script,
    forever,
    head_of,
    on_sockets,
    post,
    profile,
    simulate,
    timer,
)


async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers each request with its own head as the body."""
    while True:
        head = await head_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(head) + head)


def test_expect_100_continue_is_answered_by_an_edge_that_swallows_100() -> None:
    async def main(lab: Lab) -> list[bytes]:
        client = await lab.connect()
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        first = await client.reader.readuntil(b"\r\n\r\n")
        client.writer.write(b"ok")
        return [first, (await client.answer()).body]

    first, head = simulate(answering, profile(), main)
    assert first == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert b"Expect" not in head


def test_expect_100_continue_goes_on_to_the_origin_when_the_profile_forwards_100() -> None:
    async def asking(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert b"Expect: 100-continue" in await head_of(reader)
        await asyncio.sleep(0.5)
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await reader.readexactly(2)
        writer.write(OK)
        await forever()

    async def main(lab: Lab) -> tuple[int, int]:
        client = await lab.connect()
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        await client.reader.readuntil(b"\r\n\r\n")
        at = lab.clock.now()
        client.writer.write(b"ok")
        return at, (await client.answer()).status

    assert simulate(asking, profile(interim=Interim(on_100=InterimAction.FORWARD)), main) == (500_000, 200)


def test_an_upload_streams_with_its_trailers() -> None:
    async def collecting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        first = await reader.readuntil(b"one\r\n")
        writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        rest = await reader.readuntil(b"\r\n\r\n")
        body = first + rest
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await forever()

    async def main(lab: Lab) -> bytes:
        client = await lab.connect()
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        await client.reader.readuntil(b"103 Early Hints\r\n\r\n")
        client.writer.write(b"3\r\ntwo\r\n0\r\nX-Sum: 1\r\n\r\n")
        return (await client.answer()).body

    assert simulate(collecting, profile(), main).lower() == b"3\r\none\r\n3\r\ntwo\r\n0\r\nx-sum: 1\r\n\r\n"


def test_a_buffering_edge_reads_the_whole_request_before_it_connects() -> None:
    async def main(lab: Lab) -> list[tuple[Kind, int]]:
        client = await lab.connect()
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na")
        await asyncio.sleep(0.5)
        client.writer.write(b"b")
        assert (await client.answer()).status == 200
        return [
            (event.kind, event.at)
            for event in lab.events
            if event.kind in (Kind.REQUEST_RECEIVED, Kind.CONNECT_STARTED)
        ]

    def script(edge_profile: Profile) -> list[tuple[Kind, int]]:
        return simulate(reading_two, edge_profile, main)

    assert script(profile(buffer_request=True)) == [
        (Kind.REQUEST_RECEIVED, 0),
        (Kind.CONNECT_STARTED, 500_000),
    ]
    assert script(profile()) == [(Kind.REQUEST_RECEIVED, 0), (Kind.CONNECT_STARTED, 0)]


async def reading_two(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await head_of(reader)
    await reader.readexactly(2)
    writer.write(OK)
    await forever()


def test_a_slow_upload_is_the_write_timers_business() -> None:
    write = timer(
        HEADER,
        name="write",
        starts_on=Point.CONNECTED,
        stops_on=(Point.REQUEST_SENT,),
        reset_by=(Point.REQUEST_READ,),
    )

    async def main(lab: Lab) -> tuple[int, int]:
        client = await lab.connect()
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
        for _ in range(3):
            await asyncio.sleep(0.5)
            client.writer.write(b"x")
        seen = await client.answer()
        return seen.status, lab.clock.now()

    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    assert simulate(silent, profile(HEADER, write), main) == (524, 2_500_000)


def test_an_answer_before_the_upload_has_ended_reaches_the_client() -> None:
    async def early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
        await forever()

    async def main(lab: Lab) -> tuple[int, bytes, bytes]:
        client = await lab.connect()
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
        seen = await client.answer()
        return seen.status, seen.body, await client.reader.read()

    assert simulate(early, profile(), main) == (413, b"no", b"")


def stalled_reader() -> Script:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        await asyncio.sleep(0.5)
        got = 0
        while got < 20_000_000:
            got += len(await reader.read(65536))
        writer.write(OK)
        await forever()

    return script


def test_a_20_mb_upload_streams_in_bounded_memory() -> None:
    async def main(lab: Lab) -> tuple[int, int]:
        client = await lab.connect()
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n")
        part = b"x" * 100_000
        tracemalloc.start()
        for _ in range(200):
            client.writer.write(part)
            await client.writer.drain()
        seen = await client.answer()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return seen.status, peak

    status, peak = on_sockets(stalled_reader(), profile(timer(HEADER, limit=10_000_000)), main)
    assert status == 200
    assert peak < 6_000_000


def test_a_post_body_reaches_the_origin_as_it_was() -> None:
    async def main(lab: Lab) -> int:
        return (await lab.ask(post(b"ab"))).status

    assert simulate(reading_two, profile(), main) == 200


SEND = timer(
    HEADER,
    name="send",
    starts_on=Point.SEND_BLOCKED,
    stops_on=(Point.SEND_RESUMED,),
    reset_by=(Point.REQUEST_WRITTEN,),
)
LARGE = post(b"x" * 1_000_000)


async def never_reading(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await head_of(reader)
    await forever()


@pytest.mark.parametrize("play", [simulate, on_sockets])
def test_an_origin_that_does_not_read_is_the_send_timers_business(play: Callable[..., object]) -> None:
    async def main(lab: Lab) -> tuple[int, list[str], int]:
        client = await lab.connect()
        # More than both sides' kernels take for each other.
        client.send(post(b"x" * 30_000_000))
        seen = await client.answer()
        return seen.status, lab.records[0].fired, len(lab.kinds(Kind.REQUEST_FORWARDED))

    assert play(never_reading, profile(SEND, HEADER), main) == (524, ["send"], 0)


def test_an_origin_that_reads_slowly_but_steadily_gets_the_whole_request() -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        for _ in range(20):
            await asyncio.sleep(0.3)  # a StreamReader goes back to its socket every second or third time
            await reader.readexactly(50_000)
        writer.write(OK)
        await forever()

    async def main(lab: Lab) -> tuple[int, list[str]]:
        seen = await lab.ask(LARGE)
        return seen.status, lab.records[0].fired

    assert simulate(slow, profile(SEND), main) == (200, [])


def test_the_wait_for_the_answer_begins_when_the_origin_has_taken_the_request() -> None:
    async def late(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        await asyncio.sleep(5)
        await reader.readexactly(1_000_000)
        await forever()

    async def main(lab: Lab) -> tuple[int, int]:
        seen = await lab.ask(LARGE)
        return seen.status, seen.end_at

    assert simulate(late, profile(HEADER), main) == (524, 6_000_000)


def test_a_limit_on_the_clients_upload_does_not_blame_it_for_an_origin_that_does_not_read() -> None:
    idle = timer(
        HEADER,
        starts_on=Point.REQUEST_STARTED,
        stops_on=(Point.REQUEST_RECEIVED,),
        reset_by=(Point.REQUEST_READ,),
    )

    async def main(lab: Lab) -> list[str]:
        client = await lab.connect()
        client.send(LARGE)
        await asyncio.sleep(100)
        return [name for record in lab.records for name in record.fired]

    assert simulate(never_reading, profile(idle), main) == []


def test_an_answer_that_waits_for_the_upload_comes_with_its_last_byte() -> None:
    early = timer(
        HEADER,
        starts_on=Point.CONNECTED,
        stops_on=(Point.REQUEST_SENT,),
        answer="closed",
        after_upload=True,
    )

    async def main(lab: Lab) -> tuple[int, int, int]:
        client = await lab.connect()
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n")
        for _ in range(4):
            await asyncio.sleep(0.7)
            client.writer.write(b"x")
        seen = await client.answer()
        (closed,) = [event for event in lab.events if event.kind is Kind.ORIGIN_CLOSED]
        return seen.status, seen.end_at, closed.at

    assert simulate(never_reading, profile(early, HEADER), main) == (520, 2_800_000, 1_000_000)
