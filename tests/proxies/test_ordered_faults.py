"""Faults by order: each comes when the origin has answered, to the request that was meant, and proves it."""

import asyncio

import pytest

from firstbyte.harness.model.timeline import Kind
from firstbyte.proxies.rules.orders import Action, Next, Seen
from tests.proxies.lab import CHUNKED, HELLO, Lab, Script, get, head_of, post, profile, simulate

BODY = b"0123456789"
LENGTH = b'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: 10\r\n\r\n' + BODY
MODES = pytest.mark.parametrize("mode", ["held", "ordered"])


def answering(sent: bytes) -> Script:
    """Reads a request with a body of three bytes and answers, for as long as there are requests."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await head_of(reader)
            await reader.readexactly(3)
            writer.write(sent)

    return script


def fate(lab: Lab) -> list[tuple[int, int, str, Action | None, bool]]:
    return [(one.id, one.status, one.end, one.ordered, one.fired) for one in lab.edge.held_mode.seen()]


@MODES
def test_a_cut_before_the_header_is_the_edges_own_answer_to_what_was_done(mode: str) -> None:
    async def main(lab: Lab) -> list[int]:
        lab.edge.held_mode.order_next(Next(action=Action.CUT_HEADER, skip=1))
        statuses = [(await lab.ask(post(b"tea"))).status for _ in range(3)]
        assert [kind for kind, _ in lab.kinds(Kind.HEADER_COMPLETED, Kind.TIMER_FIRED, Kind.ANSWERED)] == [
            Kind.HEADER_COMPLETED,
            *(Kind.HEADER_COMPLETED, Kind.TIMER_FIRED, Kind.ANSWERED),
            Kind.HEADER_COMPLETED,
        ]
        assert fate(lab) == [
            (1, 200, "complete", None, False),
            (2, 524, "complete", Action.CUT_HEADER, True),
            (3, 200, "complete", None, False),
        ]
        return statuses

    assert simulate(answering(LENGTH), profile(), main, **{mode: True}) == [200, 524, 200]


@pytest.mark.parametrize(
    ("sent", "after", "body"),
    [
        pytest.param(LENGTH, 4, BODY[:4], id="length"),
        pytest.param(LENGTH, 0, b"", id="length-at-once"),
        pytest.param(LENGTH, 500, BODY[:9], id="length-is-shorter"),
        pytest.param(CHUNKED + HELLO + b"0\r\n\r\n", 3, b"hel", id="chunked"),
        pytest.param(CHUNKED + HELLO + b"0\r\n\r\n", 500, b"hello\n", id="chunked-before-the-last-chunk"),
    ],
)
def test_a_cut_in_the_body_leaves_a_part_of_it(sent: bytes, after: int, body: bytes) -> None:
    async def main(lab: Lab) -> tuple[int, bytes, str]:
        lab.edge.held_mode.order_next(Next(action=Action.CUT_BODY, after=after))
        seen = await lab.ask(post(b"tea"))
        assert fate(lab) == [(1, 200, "cut", Action.CUT_BODY, True)]
        return seen.status, seen.body, seen.end

    assert simulate(answering(sent), profile(), main, held=True) == (200, body, "truncated")


def test_an_answer_without_a_body_is_not_cut_and_says_so() -> None:
    async def main(lab: Lab) -> list[Seen]:
        lab.edge.held_mode.order_next(Next(action=Action.CUT_BODY))
        assert (await lab.ask(post(b"tea"))).status == 204
        return lab.edge.held_mode.seen()

    (seen,) = simulate(answering(b"HTTP/1.1 204 No Content\r\n\r\n"), profile(), main, held=True)
    assert (seen.ordered, seen.fired, seen.body_bytes) == (Action.CUT_BODY, False, 0)


def test_a_request_is_sent_again_whole_and_the_client_has_the_second_answer() -> None:
    bodies: list[bytes] = []

    async def counting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await head_of(reader)
            bodies.append(await reader.readexactly(3))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % len(bodies))

    async def main(lab: Lab) -> tuple[int, bytes]:
        lab.edge.held_mode.order_next(Next(action=Action.RESEND))
        seen = await lab.ask(post(b"tea"))
        assert fate(lab) == [(1, 200, "complete", Action.RESEND, True)]
        assert lab.kinds(Kind.RESENT) == [(Kind.RESENT, {"attempt": 2, "cause": "order"})]
        return seen.status, seen.body

    assert simulate(counting, profile(), main, held=True) == (200, b"2")
    assert bodies == [b"tea", b"tea"]


def test_a_request_that_is_too_large_to_keep_is_not_sent_again_and_says_so() -> None:
    async def main(lab: Lab) -> list[tuple[int, int, str, Action | None, bool]]:
        lab.edge.held_mode.order_next(Next(action=Action.RESEND))
        await lab.ask(post(b"tea"))
        return fate(lab)

    fates = simulate(answering(LENGTH), profile(), main, held=True, max_replay_bytes=2)
    assert fates == [(1, 200, "complete", Action.RESEND, False)]


def test_a_changed_answer_is_the_same_answer() -> None:
    async def main(lab: Lab) -> tuple[str | None, str | None, str | None]:
        lab.edge.held_mode.order_next(Next(action=Action.MUTATE))
        seen = await lab.ask(post(b"tea"))
        assert (seen.status, seen.body, seen.end) == (200, BODY, "complete")
        assert fate(lab) == [(1, 200, "complete", Action.MUTATE, True)]
        assert b"via: 1.1 edge" in seen.head
        assert b"Via" not in seen.head
        return seen.header("content-length"), seen.header("transfer-encoding"), seen.header("etag")

    assert simulate(answering(LENGTH), profile(), main, held=True) == (None, "chunked", 'W/"1"')


def test_a_client_that_goes_away_before_the_answer_has_had_no_fault() -> None:
    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def main(lab: Lab) -> list[tuple[int, int, str, Action | None, bool]]:
        lab.edge.held_mode.order_next(Next(action=Action.CUT_HEADER))
        client = await lab.connect()
        client.send(get())
        await asyncio.sleep(5)
        client.close()
        await asyncio.sleep(5)
        return fate(lab)

    fates = simulate(silent, profile(), main, held=True)
    assert fates == [(1, 0, "left", Action.CUT_HEADER, False)]
