"""What the client sees when an answer breaks after its header, and when the header reaches it."""

import asyncio

import pytest

from firstbyte.harness.model.profile import (
    Cause,
    Cut,
    CutCase,
    Ending,
    Framing,
    HoldHeader,
    Mutation,
    On204,
    Timer,
)
from firstbyte.harness.model.timeline import Kind
from tests.proxies.lab import (
    CHUNKED,
    GAP,
    HELLO,
    Lab,
    Script,
    Seen,
    forever,
    get,
    head_of,
    plain,
    profile,
    simulate,
    then,
    timer,
)

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n"
CLOSE = b"HTTP/1.1 200 OK\r\n\r\n"


def one(script: Script, **fields: object) -> tuple[Seen, Lab]:
    async def main(lab: Lab) -> tuple[Seen, Lab]:
        return await lab.ask(get()), lab

    return simulate(script, profile(**fields), main)


@pytest.mark.parametrize(
    ("sent", "end", "body", "seen_end", "at"),
    [
        pytest.param(CHUNKED + HELLO, "stall", b"hello\n", "truncated", 1_000_000, id="chunked-stall"),
        pytest.param(CHUNKED + HELLO, "fin", b"hello\n", "truncated", 0, id="chunked-fin"),
        pytest.param(CHUNKED + HELLO, "rst", b"hello\n", "truncated", 100_000, id="chunked-rst"),
        pytest.param(LENGTH + b"hello\n", "fin", b"hello\n", "truncated", 0, id="short-length-fin"),
        pytest.param(CLOSE + b"hello\n", "fin", b"hello\n", "complete", 0, id="close-delimited-fin"),
        pytest.param(CLOSE + b"hello\n", "rst", b"hello\n", "truncated", 100_000, id="close-delimited-rst"),
        pytest.param(CHUNKED + HELLO + b"zz\r\n", "stall", b"hello\n", "truncated", 0, id="bad-chunk-size"),
    ],
)
def test_a_broken_body_is_truncated_by_default(
    sent: bytes, end: str, body: bytes, seen_end: str, at: int
) -> None:
    seen, _ = one(then(sent, end))
    assert (seen.status, seen.body, seen.end, seen.end_at) == (200, body, seen_end, at)


@pytest.mark.parametrize(
    ("ending", "seen_end", "at"),
    [
        pytest.param(Ending.CLEAN, "complete", 1_000_000, id="clean"),
        pytest.param(Ending.RESET, "reset", 1_000_000, id="reset"),
        pytest.param(Ending.BAD_CHUNK, "bad-chunk", 1_000_000, id="bad-chunk"),
    ],
)
def test_a_cut_ends_as_the_profile_says(ending: Ending, seen_end: str, at: int) -> None:
    seen, lab = one(then(CHUNKED + HELLO, "stall"), cut=Cut(http1=ending))
    assert (seen.body, seen.end, seen.end_at) == (b"hello\n", seen_end, at)
    assert lab.kinds(Kind.CUT) == [(Kind.CUT, {"ending": str(ending), "cause": "timer"})]


def test_a_hanging_cut_leaves_the_connection_open() -> None:
    async def main(lab: Lab) -> bool:
        client = await lab.connect()
        client.send(get())
        await client.reader.readuntil(HELLO)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(100):
                await client.reader.read(1)
        return client.reader.at_eof()

    assert simulate(then(CHUNKED + HELLO, "stall"), profile(cut=Cut(http1=Ending.HANG)), main) is False


def test_the_first_case_that_fits_decides() -> None:
    cases = (
        CutCase(causes=(Cause.FIN,), framings=(Framing.LENGTH,), http1=Ending.RESET),
        CutCase(causes=(Cause.FIN,), http1=Ending.CLEAN),
    )
    chunked, _ = one(then(CHUNKED + HELLO, "fin"), cut=Cut(cases=cases))
    length, _ = one(then(LENGTH + b"hello\n", "fin"), cut=Cut(cases=cases))
    assert (chunked.end, length.end) == ("complete", "reset")


def test_bytes_kept_back_are_lost_when_the_case_says_so() -> None:
    cut = Cut(cases=(CutCase(framings=(Framing.LENGTH,), loses_buffered=True),))
    seen, _ = one(then(LENGTH + b"hello\n", "fin"), cut=cut)
    assert (seen.status, seen.body, seen.end) == (200, b"", "truncated")


def test_a_cut_after_which_nothing_else_comes_is_no_longer_stopped_by_its_origin() -> None:
    seen, lab = one(then(CHUNKED + HELLO, "stall"))
    assert lab.kinds(Kind.ORIGIN_CLOSED) == [(Kind.ORIGIN_CLOSED, {"how": "fin", "by": "edge"})]
    assert seen.end == "truncated"


async def header_then_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await head_of(reader)
    writer.write(CHUNKED)
    await asyncio.sleep(0.3)
    writer.write(b"1\r\na\r\n")
    await asyncio.sleep(0.3)
    writer.write(b"1\r\nb\r\n0\r\n\r\n")
    await forever()


@pytest.mark.parametrize(
    ("hold", "header_at", "length"),
    [
        pytest.param(HoldHeader.NO, 0, None, id="at-once"),
        pytest.param(HoldHeader.UNTIL_BODY, 300_000, None, id="with-the-first-body-byte"),
        pytest.param(HoldHeader.UNTIL_END, 600_000, "2", id="with-the-whole-body"),
    ],
)
def test_the_header_reaches_the_client_when_the_profile_lets_it(
    hold: HoldHeader, header_at: int, length: str | None
) -> None:
    seen, _ = one(header_then_body, hold_header=hold)
    assert (seen.header_at, seen.end_at, seen.body) == (header_at, 600_000, b"ab")
    assert seen.header("content-length") == length


def test_a_timer_that_fires_while_the_header_is_held_is_answered() -> None:
    seen, _ = one(then(CHUNKED, "stall"), hold_header=HoldHeader.UNTIL_BODY)
    assert (seen.status, seen.end_at) == (524, 1_000_000)


def test_a_timer_without_an_answer_cuts_even_a_held_header() -> None:
    cutting = timer(GAP, answer="")

    async def main(lab: Lab) -> Seen:
        return await lab.ask(get())

    seen = simulate(then(CHUNKED, "stall"), profile(cutting, hold_header=HoldHeader.UNTIL_BODY), main)
    assert (seen.status, seen.end, seen.end_at) == (200, "truncated", 1_000_000)


def test_a_total_timer_cuts_a_healthy_body() -> None:
    async def dribbling(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(CHUNKED)
        while True:
            await asyncio.sleep(0.4)
            writer.write(b"1\r\nx\r\n")

    total = timer(GAP, name="total", reset_by=())

    async def main(lab: Lab) -> Seen:
        return await lab.ask(get())

    def play(limit: Timer) -> Seen:
        return simulate(dribbling, profile(limit), main)

    seen = play(total)
    assert (seen.body, seen.end, seen.end_at) == (b"xx", "truncated", 1_000_000)


def test_trailers_of_the_origin_reach_the_client() -> None:
    async def main(lab: Lab) -> bytes:
        client = await lab.connect()
        client.send(get())
        return await client.reader.readuntil(b"\r\n\r\n") + await client.reader.readuntil(b"\r\n\r\n")

    sent = CHUNKED + b"2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n"
    received = simulate(then(sent, "stall"), profile(), main)
    assert received.lower().endswith(b"0\r\nx-sum: 1\r\n\r\n")


def test_sse_passes_event_by_event() -> None:
    async def events(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        for _ in range(5):
            await asyncio.sleep(0.5)
            writer.write(b"9\r\ndata: 1\n\n\r\n")
        await forever()

    async def main(lab: Lab) -> list[int]:
        client = await lab.connect()
        client.send(get())
        await client.reader.readuntil(b"\r\n\r\n")
        at = []
        for _ in range(5):
            await client.reader.readuntil(b"\n\n\r\n")
            at.append(lab.clock.now())
        return at

    assert simulate(events, profile(), main) == [500_000, 1_000_000, 1_500_000, 2_000_000, 2_500_000]


FRAMED_204 = b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("mutation", "status", "coding"),
    [
        pytest.param(Mutation(), 204, None, id="strip"),
        pytest.param(Mutation(framed_204=On204.PASS), 204, "chunked", id="pass"),
        pytest.param(Mutation(framed_204=On204.REFUSE), 526, None, id="refuse"),
    ],
)
def test_a_204_with_framing_meets_its_rule(mutation: Mutation, status: int, coding: str | None) -> None:
    seen, _ = one(then(FRAMED_204, "stall"), mutation=mutation)
    assert (seen.status, seen.header("transfer-encoding")) == (status, coding)


def test_a_bare_204_gets_the_type_the_profile_adds() -> None:
    bare = b"HTTP/1.1 204 No Content\r\n\r\n"
    seen, _ = one(then(bare, "stall"), mutation=Mutation(type_on_bare_204="text/html"))
    assert (seen.status, seen.header("content-type")) == (204, "text/html")


def test_replaced_statuses_keep_their_number_and_lose_their_body() -> None:
    sent = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\nmine"
    seen, _ = one(
        then(sent, "stall"),
        mutation=Mutation(replaces=(502, 504)),
        more_answers={"replaced": plain(500, reason="x")},
    )
    assert (seen.status, seen.body) == (502, b"edge 500")


def test_an_http10_client_gets_no_chunks_and_no_interims() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n" + CHUNKED + b"2\r\nok\r\n0\r\n\r\n")
        await forever()

    async def main(lab: Lab) -> bytes:
        client = await lab.connect()
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        return await client.reader.read()

    assert simulate(script, profile(), main) == b"HTTP/1.1 200 OK\r\n\r\nok"


# Where the last read of the answer falls decides whether the origin is being held back at that moment.
@pytest.mark.parametrize("size", range(300_000, 400_000, 10_000))
def test_the_connection_of_an_answer_whose_client_was_slow_to_read_carries_the_next_request(
    size: int,
) -> None:

    async def large(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await head_of(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
            await writer.drain()

    async def main(lab: Lab) -> tuple[int, int, int]:
        client = await lab.connect()
        client.send(get())
        await asyncio.sleep(0.5)
        first = await client.answer()
        client.send(get())
        async with asyncio.timeout(10):
            second = await client.answer()
        return len(first.body), len(second.body), lab.connections

    assert simulate(large, profile(), main) == (size, size, 1)
