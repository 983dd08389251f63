"""The steps of a wire shape become exactly the stated bytes on real sockets, legal as HTTP or not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import msgspec
import pytest

from firstbyte.harness.client.ask import ask
from firstbyte.harness.model.shape import (
    Chunk,
    Close,
    End,
    HalfClose,
    Head,
    Hold,
    Interim,
    PartialHead,
    Raw,
    Reset,
    Shape,
    Step,
    Wait,
    WaitRequest,
)
from firstbyte.harness.model.units import Duration, seconds
from firstbyte.harness.origin.account import Account, read_account
from firstbyte.harness.origin.shape_main import decode_shape
from firstbyte.harness.origin.shape_server import ShapeServer
from firstbyte.harness.sim import Sim, run_sim
from firstbyte.harness.targets.reference import encode_shape

pytestmark = pytest.mark.real

REQUEST = (
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
    b"X-Firstbyte-Request: 4\r\nX-Firstbyte-Intent: hi\r\n\r\n{}"
)
CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LENGTH_2, CHUNKED = (("Content-Length", "2"),), (("Transfer-Encoding", "chunked"),)
LEDGER = "/_firstbyte/ledger"


class Played:
    """A shape being served, and connections to it."""

    def __init__(self, server: ShapeServer, address: tuple[str, int]) -> None:
        self.address = address
        self.server = server
        self._writers: list[asyncio.StreamWriter] = []

    async def connect(self, data: bytes = REQUEST) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(*self.address)
        self._writers.append(writer)
        writer.write(data)
        return reader, writer

    async def account(self) -> Account:
        return read_account((await ask(self.address, "GET", LEDGER)).body)

    async def until(self, event: str) -> Account:
        """The account once it has such a row."""
        async with asyncio.timeout(10):
            while True:
                account = await self.account()
                if event in rows(account):
                    return account

    def close(self) -> None:
        for writer in self._writers:
            writer.close()


@asynccontextmanager
async def playing(*steps: Step, effects: int = 1) -> AsyncIterator[Played]:
    ticks = count()
    server = ShapeServer(Shape(id="mine", title="Mine", steps=steps, effects=effects), lambda: next(ticks))
    played = Played(server, await server.start("127.0.0.1", 0))
    try:
        async with asyncio.timeout(10):
            yield played
    finally:
        played.close()
        await server.close()


def rows(account: Account) -> list[str]:
    return [row.event for row in account.events]


BYTES: list[tuple[str, tuple[Step, ...], bytes]] = [
    ("nothing", (Close(),), b""),
    ("head", (Head(status=200, headers=LENGTH_2), Close()), b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"),
    ("reason", (Head(status=299, reason="Mine"), Close()), b"HTTP/1.1 299 Mine\r\n\r\n"),
    ("no reason known", (Head(status=299), Close()), b"HTTP/1.1 299 Status\r\n\r\n"),
    (
        "interim",
        (Interim(status=103, headers=(("Link", "</a>"),)), Close()),
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
    ),
    ("interims", (Interim(status=102, times=2), Close()), b"HTTP/1.1 102 Processing\r\n\r\n" * 2),
    (
        "partial head",
        (PartialHead(status=204, headers=(("A", "b"),)), Close()),
        b"HTTP/1.1 204 No Content\r\nA: b\r\n",
    ),
    (
        "partial head, ended raw",
        (PartialHead(status=204), Raw(text="\r\n"), Close()),
        b"HTTP/1.1 204 No Content\r\n\r\n",
    ),
    ("body until close", (Head(), Chunk(text="hé"), Close()), "HTTP/1.1 200 OK\r\n\r\nhé".encode()),
    (
        "chunks",
        (Head(headers=CHUNKED), Chunk(text="hello", times=2), Close()),
        CHUNKED_HEAD + b"5\r\nhello\r\n" * 2,
    ),
    (
        "a chunk of a size",
        (Head(headers=CHUNKED), Chunk(size=17), Close()),
        CHUNKED_HEAD + b"11\r\n" + b"x" * 17 + b"\r\n",
    ),
    ("raw", (Raw(text="\xff\x00what", times=2), Close()), b"\xff\x00what" * 2),
    ("wait", (Wait(duration=Duration(1_000)), Raw(text="x"), Close()), b"x"),
    ("half close", (Raw(text="x"), HalfClose(), Hold()), b"x"),
    ("end of an answer without framing", (Head(), Chunk(text="x"), End()), b"HTTP/1.1 200 OK\r\n\r\nx"),
]


@pytest.mark.parametrize(("name", "steps", "wire"), BYTES, ids=[name for name, _, _ in BYTES])
async def test_steps_are_these_bytes_and_then_the_end(
    name: str, steps: tuple[Step, ...], wire: bytes
) -> None:
    async with playing(*steps) as played:
        reader, _ = await played.connect()
        assert await reader.read() == wire, name


ANSWERS: list[tuple[str, tuple[Step, ...], bytes, int]] = [
    (
        "length",
        (Head(headers=LENGTH_2), Chunk(text="ok"), End()),
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        2,
    ),
    ("chunked", (Head(headers=CHUNKED), Chunk(text="ok"), End()), CHUNKED_HEAD + b"2\r\nok\r\n0\r\n\r\n", 2),
    ("no content", (Head(status=204), End()), b"HTTP/1.1 204 No Content\r\n\r\n", 0),
]


@pytest.mark.parametrize(("name", "steps", "wire", "size"), ANSWERS, ids=[name for name, _, _, _ in ANSWERS])
async def test_an_end_keeps_the_connection_and_a_pipelined_request_is_answered_too(
    name: str, steps: tuple[Step, ...], wire: bytes, size: int
) -> None:
    async with playing(*steps) as played:
        reader, writer = await played.connect(REQUEST + REQUEST)
        assert await reader.readexactly(len(wire) * 2) == wire * 2, name
        writer.write(REQUEST)
        assert await reader.readexactly(len(wire)) == wire
        account = await played.account()
    assert rows(account) == ["arrived", "persisted", "response-completed"] * 3
    assert [row.detail.get("body_bytes") for row in account.events[2::3]] == [size] * 3


async def test_steps_after_an_end_are_for_the_next_request_and_begin_again_on_a_new_connection() -> None:
    first, second = b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 299 Status\r\nContent-Length: 0\r\n\r\n"
    steps = (Head(status=204), End(), Head(status=299, headers=(("Content-Length", "0"),)), End())
    async with playing(*steps) as played:
        reader, _ = await played.connect(REQUEST * 3)
        assert await reader.readexactly(len(first + second + first)) == first + second + first
        reader, _ = await played.connect()
        assert await reader.readexactly(len(first)) == first


async def test_a_connection_that_goes_idle_can_be_closed_by_the_next_steps() -> None:
    async with playing(Head(status=204), End(), Close()) as played:
        reader, writer = await played.connect()
        await reader.readuntil(b"\r\n\r\n")
        writer.write(REQUEST)
        assert await reader.read() == b""


async def test_a_reset_is_an_rst() -> None:
    async with playing(Head(headers=LENGTH_2), Reset()) as played:
        reader, _ = await played.connect()
        with pytest.raises(ConnectionResetError):
            await reader.read()
        account = await played.until("broken-off")
    assert rows(account) == ["arrived", "persisted", "broken-off"]


BROKEN: list[tuple[str, tuple[Step, ...], str]] = [
    ("short", (Head(headers=LENGTH_2), Chunk(text="o"), Close()), "broken-off"),
    ("whole", (Head(headers=LENGTH_2), Chunk(text="ok"), Close()), "response-completed"),
    ("chunked without its end", (Head(headers=CHUNKED), Chunk(text="ok"), Close()), "broken-off"),
    ("until close", (Head(), Chunk(text="ok"), Close()), "response-completed"),
    ("no such length", (Head(headers=(("Content-Length", "x"),)), Close()), "broken-off"),
]


@pytest.mark.parametrize(("name", "steps", "event"), BROKEN, ids=[name for name, _, _ in BROKEN])
async def test_the_account_says_whether_an_answer_came_to_its_announced_end(
    name: str, steps: tuple[Step, ...], event: str
) -> None:
    async with playing(*steps) as played:
        reader, _ = await played.connect()
        await reader.read()
        assert rows(await played.until(event)) == ["arrived", "persisted", event], name


async def test_a_client_that_goes_while_the_shape_plays_is_noted() -> None:
    async with playing(Raw(text="x"), Hold()) as played:
        reader, writer = await played.connect()
        await reader.readexactly(1)
        writer.close()
        assert rows(await played.until("client-gone")) == ["arrived", "persisted", "client-gone"]


async def test_rows_carry_number_and_intent_and_messages_the_effects() -> None:
    async with playing(Close(), effects=2) as played:
        reader, _ = await played.connect()
        await reader.read()
        account = await played.account()
    arrived = account.events[0]
    assert (arrived.request, arrived.intent, arrived.detail) == (4, "hi", {"method": "POST", "path": "/"})
    assert [(one.id, one.role, one.intent) for one in account.messages] == [
        ("m1", "user", "hi"),
        ("m2", "user", "hi"),
    ]


async def test_an_origin_without_effects_stores_nothing() -> None:
    async with playing(Close(), effects=0) as played:
        reader, _ = await played.connect()
        await reader.read()
        account = await played.account()
    assert "persisted" not in rows(account)
    assert account.messages == ()


async def test_garbage_from_a_client_closes_the_connection_and_is_no_arrival() -> None:
    async with playing(Head(status=204), End()) as played:
        reader, _ = await played.connect(b"\x16\x03\x01 what\r\n\r\n")
        assert await reader.read() == b""
        assert rows(await played.account()) == []


async def test_the_account_can_be_asked_on_a_connection_that_is_kept() -> None:
    question = f"GET {LEDGER} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    async with playing(Head(status=204), End()) as played:
        reader, _ = await played.connect(question + REQUEST + question)
        for is_account in (True, False, True):
            head = await reader.readuntil(b"\r\n\r\n")
            assert (b"200 OK" in head) is is_account
            if is_account:
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                read_account(await reader.readexactly(length))
        assert repr(played.server).startswith("<ShapeServer mine, ")


def in_sim(*steps: Step, data: bytes, patience: float) -> tuple[bytes, int]:
    """What comes within `patience` virtual seconds after `data` was sent, and when the last of it came."""

    async def main(sim: Sim) -> tuple[bytes, int]:
        host = sim.network.host("origin")
        server = ShapeServer(Shape(id="mine", title="Mine", steps=steps), sim.clock.now)
        await host.start(server.start("origin", 80))
        reader, writer = await asyncio.open_connection("origin", 80)
        writer.write(data)
        seen, last = b"", 0
        try:
            async with asyncio.timeout(patience):
                while part := await reader.read(1000):
                    seen, last = seen + part, sim.clock.now()
        except TimeoutError:
            pass
        writer.close()
        await host.start(server.close())
        return seen, last

    result: Any = run_sim(main)
    return bytes(result[0]), int(result[1])


HALF = REQUEST[:-2]


def test_a_shape_waits_for_the_whole_request_unless_it_says_otherwise() -> None:
    assert in_sim(Raw(text="x"), Hold(), data=HALF, patience=1000) == (b"", 0)
    assert in_sim(WaitRequest(), Raw(text="x"), Hold(), data=HALF, patience=1000) == (b"", 0)
    assert in_sim(WaitRequest(part="head"), Raw(text="x"), Hold(), data=HALF, patience=1000) == (b"x", 0)


TIMED: list[tuple[tuple[Step, ...], bytes, Duration]] = [
    ((Wait(duration=seconds(60)), Raw(text="x"), Hold()), b"x", seconds(60)),
    ((Raw(text="x", times=4, every=seconds(10)), Hold()), b"xxxx", seconds(30)),
    ((Chunk(text="x", times=2, every=seconds(7)), Hold()), b"xx", seconds(7)),
]


@pytest.mark.parametrize(("steps", "wire", "at"), TIMED, ids=["wait", "raw every", "chunk every"])
def test_steps_take_exactly_their_time(steps: tuple[Step, ...], wire: bytes, at: Duration) -> None:
    assert in_sim(*steps, data=REQUEST, patience=1000) == (wire, at)


def test_a_shape_comes_through_the_file_for_the_process_unchanged() -> None:
    shape = Shape(id="mine", title="Mine", steps=(Wait(duration=seconds(1.5)), Raw(text="\xff"), Close()))
    assert decode_shape(encode_shape(shape)) == shape
    with pytest.raises(msgspec.ValidationError):
        decode_shape(b"{}")
