"""What an edge does while the origin's header is not complete: exact times, in virtual time."""

import asyncio

import pytest

from firstbyte.harness.model.profile import CloseKind, Interim, InterimAction, OriginSide, Point
from firstbyte.harness.model.timeline import Kind
from firstbyte.harness.model.units import seconds
from firstbyte.harness.sim import BLACKHOLE
from firstbyte.proxies.rules.config import Upstream
from tests.proxies.lab import (
    CHUNKED,
    GAP,
    HEADER,
    OK,
    Lab,
    Script,
    Seen,
    forever,
    get,
    head_of,
    post,
    profile,
    simulate,
    timer,
)


def one(script: Script, *timers: object, request: bytes | None = None, **fields: object) -> tuple[Seen, Lab]:
    """One request through an edge with these timers."""

    async def main(lab: Lab) -> tuple[Seen, Lab]:
        return await lab.ask(request or get()), lab

    return simulate(script, profile(*timers, **fields), main)  # type: ignore[arg-type]  # timers only


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await head_of(reader)
    await forever()


def test_a_silent_origin_is_answered_for_at_the_limit() -> None:
    seen, lab = one(silent)
    assert (seen.status, seen.body, seen.end_at) == (524, b"edge 524", 1_000_000)
    assert lab.kinds(Kind.TIMER_FIRED, Kind.ORIGIN_CLOSED, Kind.ANSWERED) == [
        (Kind.TIMER_FIRED, {"timer": "header", "limit_us": 1_000_000, "tie": False}),
        (Kind.ORIGIN_CLOSED, {"how": "fin", "by": "edge"}),
        (Kind.ANSWERED, {"status": 524, "answer": "timeout"}),
    ]


def test_an_answer_in_time_passes_unchanged() -> None:
    async def prompt(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        await asyncio.sleep(0.999999)
        writer.write(OK)
        await forever()

    seen, lab = one(prompt)
    assert (seen.status, seen.body, seen.end_at) == (200, b"ok", 999_999)
    assert lab.kinds(Kind.TIMER_FIRED) == []


def test_at_a_tie_the_timer_wins_and_the_event_says_so() -> None:
    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        await asyncio.sleep(1)
        writer.write(OK)
        await forever()

    seen, lab = one(late)
    assert (seen.status, seen.end_at) == (524, 1_000_000)
    assert lab.kinds(Kind.TIMER_FIRED)[0][1]["tie"] is True


def interims(status: int, every: float, count: int) -> Script:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        for _ in range(count):
            await asyncio.sleep(every)
            writer.write(f"HTTP/1.1 {status} Interim\r\nLink: </a>\r\n\r\n".encode())
        await asyncio.sleep(every)
        writer.write(OK)
        await forever()

    return script


RESET = timer(HEADER, reset_by=(Point.INTERIM_RECEIVED,))


@pytest.mark.parametrize(
    ("limits", "fields", "status", "at", "forwarded"),
    [
        pytest.param((HEADER,), {}, 524, 1_000_000, 2, id="not-reset"),
        pytest.param((RESET,), {}, 200, 2_000_000, 4, id="reset"),
        pytest.param(
            (RESET,), {"interim": Interim(resets=(103,))}, 524, 1_000_000, 2, id="reset-by-others-only"
        ),
        pytest.param(
            (RESET,), {"interim": Interim(on_102=InterimAction.SWALLOW)}, 200, 2_000_000, 0, id="swallowed"
        ),
        pytest.param(
            (RESET,), {"interim": Interim(on_102=InterimAction.REFUSE)}, 526, 400_000, 0, id="refused"
        ),
        pytest.param((RESET,), {"interim": Interim(most=2)}, 526, 1_200_000, 2, id="too-many"),
        pytest.param(
            (HEADER,), {"interim": Interim(after="connect-timeout")}, 522, 1_000_000, 2, id="other-answer"
        ),
    ],
)
def test_a_102_every_400_ms_does_what_the_profile_says(
    limits: tuple[object, ...], fields: dict[str, object], status: int, at: int, forwarded: int
) -> None:
    seen, _ = one(interims(102, 0.4, 4), *limits, request=None, **fields)
    assert (seen.status, seen.end_at, len(seen.interims)) == (status, at, forwarded)


def test_a_103_goes_before_the_200() -> None:
    seen, _ = one(interims(103, 0.2, 1))
    assert (seen.interims, seen.status, seen.body) == ([103], 200, b"ok")


def test_an_interim_taken_as_final_ends_the_wait_for_the_header() -> None:
    async def lone_103(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        await forever()

    seen, lab = one(lone_103, HEADER, GAP, interim=Interim(on_103=InterimAction.FINAL))
    assert (seen.interims, seen.end, seen.end_at) == ([103], "closed", 1_000_000)
    assert lab.kinds(Kind.TIMER_FIRED)[0][1]["timer"] == "gap"


def dribble(*parts: bytes, every: float) -> Script:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        for part in parts:
            writer.write(part)
            await asyncio.sleep(every)
        await forever()

    return script


PARTIAL = (b"HTTP/1.1 204 No Content\r\n", b"X-A: 1\r\n", b"X-B: 2\r\n", b"\r\n")


@pytest.mark.parametrize(
    ("limit", "status", "at"),
    [
        pytest.param(HEADER, 524, 1_000_000, id="reset-by-nothing"),
        pytest.param(timer(HEADER, reset_by=(Point.ORIGIN_READ,)), 204, 1_800_000, id="reset-by-any-read"),
        pytest.param(
            timer(HEADER, stops_on=(Point.FIRST_BYTE_READ,)), 204, 1_800_000, id="stopped-by-the-first-byte"
        ),
        pytest.param(timer(HEADER, stops_on=(Point.RESPONSE_COMPLETED,)), 524, 1_000_000, id="total"),
    ],
)
def test_a_header_line_every_600_ms_does_what_the_timer_says(limit: object, status: int, at: int) -> None:
    seen, _ = one(dribble(*PARTIAL, every=0.6), limit)
    assert (seen.status, seen.end_at) == (status, at)


def test_a_timer_runs_from_the_point_it_names() -> None:
    async def main(lab: Lab) -> tuple[int, int]:
        client = await lab.connect()
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na")
        await asyncio.sleep(0.7)
        client.writer.write(b"b")
        seen = await client.answer()
        return seen.status, seen.end_at

    from_head = timer(HEADER, starts_on=Point.REQUEST_STARTED)
    assert simulate(silent, profile(from_head), main) == (524, 1_000_000)
    assert simulate(silent, profile(HEADER), main) == (524, 1_700_000)


def test_head_gets_the_header_of_the_answer_without_its_body() -> None:
    async def main(lab: Lab) -> list[tuple[int, str | None]]:
        client = await lab.connect()
        answers = []
        for _ in range(2):
            client.send(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
            seen = await client.answer()
            answers.append((seen.status, seen.header("content-length")))
        return answers

    assert simulate(silent, profile(HEADER), main) == [(524, "8")] * 2


def test_the_connection_stays_usable_after_a_524() -> None:
    async def first_only(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            if b"slow" in await head_of(reader):
                await forever()
            writer.write(OK)

    async def main(lab: Lab) -> list[int]:
        client = await lab.connect()
        statuses = []
        for path in ("/slow", "/", "/slow", "/"):
            client.send(get(path))
            statuses.append((await client.answer()).status)
        return statuses

    assert simulate(first_only, profile(HEADER), main) == [524, 200, 524, 200]


def test_a_524_before_the_upload_has_ended_closes_the_connection() -> None:
    limit = timer(HEADER, starts_on=Point.REQUEST_STARTED)

    async def main(lab: Lab) -> tuple[int, str | None, bytes]:
        client = await lab.connect()
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
        seen = await client.answer()
        return seen.status, seen.header("connection"), await client.reader.read()

    assert simulate(silent, profile(limit), main) == (524, "close", b"")


@pytest.mark.parametrize("how", [CloseKind.FIN, CloseKind.RST, CloseKind.NOTHING])
def test_the_origin_sees_the_end_the_profile_names(how: CloseKind) -> None:
    async def watching(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        try:
            end.append("fin" if await reader.read() == b"" else "bytes")
        except ConnectionResetError:
            end.append("rst")

    async def main(lab: Lab) -> None:
        await lab.ask(get())
        await asyncio.sleep(1)
        end.append(how)

    end: list[str] = []
    simulate(watching, profile(HEADER, origin=OriginSide(on_expiry=how)), main)
    assert end[0] == how


@pytest.mark.parametrize(
    ("sent", "reset", "status", "answer"),
    [
        pytest.param(b"", False, 520, "closed", id="fin-before-a-byte"),
        pytest.param(b"", True, 525, "reset", id="rst-before-a-byte"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: 1\r\n", False, 527, "partial", id="fin-in-the-header"),
        pytest.param(b"nonsense\r\n\r\n", False, 526, "protocol-error", id="garbage"),
        pytest.param(b"HTTP/1.1 999 No\r\n\r\n", False, 526, "protocol-error", id="bad-status"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            False,
            526,
            "protocol-error",
            id="two-lengths",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000, False, 526, "protocol-error", id="huge-header"
        ),
    ],
)
def test_each_way_an_origin_fails_has_its_answer(sent: bytes, reset: bool, status: int, answer: str) -> None:
    async def failing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(sent)
        await writer.drain()
        if reset:
            writer.transport.reset()  # type: ignore[attr-defined]  # the simulation's

    seen, lab = one(failing)
    assert seen.status == status
    assert lab.kinds(Kind.ANSWERED) == [(Kind.ANSWERED, {"status": status, "answer": answer})]


def test_a_refused_connection_is_answered_at_once() -> None:
    async def main(lab: Lab) -> tuple[int, int]:
        await lab.stop_origin()
        seen = await lab.ask(get())
        return seen.status, seen.end_at

    assert simulate(silent, profile(), main) == (521, 0)


def test_a_connection_that_is_never_made_is_the_connect_timers_business() -> None:
    connect = timer(
        HEADER,
        name="connect",
        starts_on=Point.CONNECT_STARTED,
        stops_on=(Point.CONNECTED,),
        answer="connect-timeout",
        limit=seconds(3),
    )

    async def main(lab: Lab) -> tuple[int, int]:
        seen = await lab.ask(get())
        return seen.status, seen.end_at

    upstream = Upstream(host=BLACKHOLE, port=80)
    assert simulate(silent, profile(HEADER, connect), main, upstream=upstream) == (522, 3_000_000)


def test_a_post_reaches_the_origin_whole() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        body = await reader.readexactly(5)
        writer.write(CHUNKED + b"5\r\n" + body + b"\r\n0\r\n\r\n")
        await forever()

    seen, _ = one(echo, request=post(b"hello"))
    assert (seen.status, seen.body, seen.end) == (200, b"hello", "complete")
