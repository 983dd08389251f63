"""What a client may do to an edge: leave, send garbage, pipeline, smuggle, ask for another host."""

import asyncio

import pytest

from firstbyte.harness.model.profile import CloseKind, Interim, InterimAction, OriginSide, Point, Profile
from firstbyte.harness.model.timeline import Kind
from firstbyte.proxies.edge.transport import EdgeTransport
from tests.proxies.lab import (
    CHUNKED,
    HEADER,
    Lab,
    forever,
    get,
    head_of,
    on_sockets,
    profile,
    simulate,
    timer,
)


async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers each request with its own head as the body."""
    while True:
        head = await head_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(head) + head)


GARBAGE = [
    pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, id="tls-hello"),
    pytest.param(b"nonsense\r\n\r\n", 400, id="no-request-line"),
    pytest.param(b"GET / HTTP/9.9.9\r\nHost: a\r\n\r\n", 400, id="no-version"),
    pytest.param(b"GET / HTTP/1.1\r\n\r\n", 400, id="no-host"),
    pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, id="two-hosts"),
    pytest.param(b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, id="host-with-a-space"),
    pytest.param(b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, id="space-before-colon"),
    pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400, id="folded-line"),
    pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400, id="bare-cr"),
    pytest.param(
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
        id="two-framings",
    ),
    pytest.param(
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
        400,
        id="two-lengths",
    ),
    pytest.param(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na", 400, id="signed-length"),
    pytest.param(
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", 400, id="unknown-coding"
    ),
    pytest.param(b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, id="chunks-in-1.0"),
    pytest.param(
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, id="bad-chunk"
    ),
    pytest.param(b"CONNECT other:443 HTTP/1.1\r\nHost: other:443\r\n\r\n", 405, id="connect"),
    pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 70_000, 431, id="huge-head"),
]


@pytest.mark.parametrize(("sent", "status"), GARBAGE)
def test_garbage_gets_an_error_and_a_closed_connection(sent: bytes, status: int) -> None:
    async def main(lab: Lab) -> tuple[int, str | None, bytes]:
        client = await lab.connect()
        client.send(sent)
        seen = await client.answer()
        return seen.status, seen.header("connection"), await client.reader.read()

    assert simulate(answering, profile(), main) == (status, "close", b"")


def received_by_the_origin(request: bytes, edge_profile: Profile | None = None, **config: object) -> bytes:
    async def main(lab: Lab) -> bytes:
        return (await lab.ask(request)).body

    return simulate(answering, edge_profile or profile(), main, **config)


def test_an_absolute_target_only_changes_the_host_header() -> None:
    head = received_by_the_origin(b"GET http://elsewhere:99/x?y HTTP/1.1\r\nHost: lab\r\n\r\n")
    assert head == b"GET /x?y HTTP/1.1\r\nHost: elsewhere:99\r\n\r\n"


def test_hop_by_hop_headers_stay_here_and_our_own_go_on() -> None:
    head = received_by_the_origin(
        get(
            "/",
            "Connection: keep-alive, x-secret, host\r\nKeep-Alive: 5\r\nX-Secret: 1\r\nTE: trailers\r\n"
            "X-Firstbyte-Request: 7\r\n",
        )
    )
    assert head == b"GET / HTTP/1.1\r\nHost: lab\r\nX-Firstbyte-Request: 7\r\n\r\n"


def test_events_carry_the_number_of_the_request() -> None:
    async def main(lab: Lab) -> set[int]:
        await lab.ask(get("/", "X-Firstbyte-Request: 7\r\n"))
        return {event.request for event in lab.events}

    assert simulate(answering, profile(), main) == {7}


def test_pipelined_requests_are_answered_in_order() -> None:
    async def main(lab: Lab) -> list[bytes]:
        client = await lab.connect()
        client.send(get("/1") + get("/2") + get("/3"))
        return [(await client.answer()).body[:6] for _ in range(3)]

    assert simulate(answering, profile(), main) == [b"GET /1", b"GET /2", b"GET /3"]


def test_connections_to_the_origin_are_used_again_by_other_clients() -> None:
    async def main(lab: Lab) -> int:
        for _ in range(3):
            await lab.ask(get())
        return lab.connections

    assert simulate(answering, profile(), main) == 1
    assert simulate(answering, profile(origin=OriginSide(reuse=False)), main) == 3


def test_an_answer_goes_out_in_one_piece_before_its_exchange_is_written_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order: list[bytes | str] = []
    write = EdgeTransport.write

    def writing(wire: EdgeTransport, data: bytes) -> None:
        order.append(data)
        write(wire, data)

    monkeypatch.setattr(EdgeTransport, "write", writing)

    async def main(lab: Lab) -> int:
        lab.shared.done = lambda _record: order.append("written down")
        return (await lab.ask(get())).status

    assert simulate(answering, profile(), main) == 200
    _, answer, note = order
    assert isinstance(answer, bytes)
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"\r\n\r\nGET / " in answer
    assert note == "written down"


@pytest.mark.parametrize(("kept", "connections"), [(1_000, 100), (60, 140)])
def test_so_many_connections_to_the_origin_wait_for_the_next_requests(
    kept: int, connections: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firstbyte.proxies.edge.pool.MAX_IDLE", kept)

    async def main(lab: Lab) -> int:
        clients = [await lab.connect() for _ in range(100)]
        for _ in range(2):
            for client in clients:
                client.send(get())
            for client in clients:
                await client.answer()
        return lab.connections

    assert simulate(answering, profile(), main) == connections


@pytest.mark.parametrize(
    ("how", "origin_end", "at"),
    [
        pytest.param(CloseKind.FIN, "fin", 400_000, id="fin"),
        pytest.param(CloseKind.RST, "rst", 400_000, id="rst"),
        pytest.param(CloseKind.NOTHING, "fin", 1_000_000, id="nothing-until-the-limit"),
    ],
)
def test_the_origin_learns_that_the_client_left_as_the_profile_says(
    how: CloseKind, origin_end: str, at: int
) -> None:
    ends: list[tuple[str, int]] = []
    labs: list[Lab] = []

    async def watching(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        try:
            await reader.read()
            ends.append(("fin", labs[0].clock.now()))
        except ConnectionResetError:
            ends.append(("rst", labs[0].clock.now()))

    async def main(lab: Lab) -> list[tuple[str, int]]:
        labs.append(lab)
        client = await lab.connect()
        client.send(get())
        await asyncio.sleep(0.4)
        client.close()
        await asyncio.sleep(2)
        assert lab.kinds(Kind.CLIENT_LEFT) == [(Kind.CLIENT_LEFT, {})]
        assert lab.kinds(Kind.ANSWERED) == []
        return ends

    assert simulate(watching, profile(origin=OriginSide(on_client_leave=how)), main) == [(origin_end, at)]


def test_a_client_that_resets_in_the_middle_of_an_answer_leaves_nothing_behind() -> None:
    async def streaming(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(CHUNKED)
        while True:
            writer.write(b"1\r\nx\r\n")
            await writer.drain()
            await asyncio.sleep(0.01)

    async def main(lab: Lab) -> str:
        client = await lab.connect()
        client.send(get())
        await client.reader.readuntil(b"x")
        client.reset()
        while not lab.kinds(Kind.CLIENT_LEFT):  # noqa: ASYNC110 - events have no waiters
            await asyncio.sleep(0.01)
        return repr(lab.edge)

    assert ", 0 requests" in on_sockets(streaming, profile(), main)


def test_a_websocket_outlives_every_limit() -> None:
    async def upgrading(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await head_of(reader)
        assert b"Upgrade: websocket" in head
        assert b"Connection: Upgrade" in head
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhi"
        )
        while data := await reader.read(100):
            writer.write(b"echo " + data)

    async def main(lab: Lab) -> list[bytes]:
        client = await lab.connect()
        client.send(
            get(
                "/ws",
                "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n",
            )
        )
        seen = await client.answer()
        got = [seen.head[:12], await client.reader.readexactly(2)]
        await asyncio.sleep(300)
        client.writer.write(b"bytes")
        got.append(await client.reader.readexactly(10))
        client.writer.write_eof()
        got.append(await client.reader.read())
        return got

    assert simulate(upgrading, profile(), main) == [b"HTTP/1.1 101", b"hi", b"echo bytes", b""]


UPGRADE = get("/ws", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n")
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
IDLE = timer(
    HEADER,
    name="idle",
    starts_on=Point.UPGRADED,
    stops_on=(Point.NEVER,),
    reset_by=(Point.ORIGIN_READ, Point.REQUEST_READ),
    answer="",
)


@pytest.mark.parametrize(
    ("resets", "speaker", "closed_at"),
    [
        pytest.param((Point.ORIGIN_READ, Point.REQUEST_READ), "nobody", 1.0, id="silence"),
        pytest.param((Point.ORIGIN_READ, Point.REQUEST_READ), "client", 4.0, id="the-client-speaks"),
        pytest.param((Point.ORIGIN_READ, Point.REQUEST_READ), "origin", 4.0, id="the-origin-speaks"),
        pytest.param((Point.ORIGIN_READ,), "client", 1.0, id="the-client-does-not-count"),
    ],
)
def test_a_tunnel_ends_when_the_bytes_that_count_stay_away(
    resets: tuple[Point, ...], speaker: str, closed_at: float
) -> None:
    async def upgrading(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(SWITCH)
        for _ in range(4):
            await asyncio.sleep(0.75)
            writer.write(b"o" if speaker == "origin" else b"")
        await forever()

    async def main(lab: Lab) -> tuple[float, list[str], str]:
        client = await lab.connect()
        client.send(UPGRADE)
        await client.answer()
        began = lab.clock.now()
        ended = asyncio.ensure_future(client.reader.read())
        for _ in range(4):
            await asyncio.sleep(0.75)
            client.writer.write(b"c" if speaker == "client" else b"")
        await ended
        (record,) = lab.records
        # The fourth byte comes at 3 s.
        return (record.ended - began) / 1_000_000, record.fired, record.end

    changed = timer(IDLE, reset_by=resets)
    assert simulate(upgrading, profile(HEADER, changed), main) == (closed_at, ["idle"], "cut")


def test_a_101_that_the_profile_refuses_is_answered_like_garbage() -> None:
    async def upgrading(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(SWITCH)
        await forever()

    async def main(lab: Lab) -> int:
        return (await lab.ask(UPGRADE)).status

    refusing = profile(interim=Interim(on_101=InterimAction.REFUSE))
    assert simulate(upgrading, refusing, main) == 526


def test_an_upgrade_to_anything_else_is_an_ordinary_request() -> None:
    head = received_by_the_origin(get("/", "Connection: Upgrade, X-S\r\nUpgrade: h2c\r\nX-S: x\r\n"))
    assert head == b"GET / HTTP/1.1\r\nHost: lab\r\n\r\n"


def test_a_slow_client_slows_the_origin_down() -> None:
    async def flooding(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n")
        for _ in range(200):
            writer.write(b"x" * 100_000)
            await writer.drain()
            written.append(1)
        await forever()

    written: list[int] = []

    async def main(lab: Lab) -> tuple[int, int]:
        client = await lab.connect()
        client.send(get())
        await asyncio.sleep(0.5)
        before = len(written)
        return before, len((await client.answer()).body)

    before, size = on_sockets(flooding, profile(), main)
    assert size == 20_000_000
    assert before < 150
