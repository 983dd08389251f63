"""Answers no origin should give: cut between two chunks, without a status line, with two lengths."""

import asyncio

import pytest

from firstbyte.harness.model.profile import (
    Cause,
    CloseKind,
    Cut,
    CutCase,
    Ending,
    NotHttp,
    OriginSide,
    TwoLengths,
)
from tests.proxies.lab import CHUNKED, HELLO, Lab, get, head_of, profile, simulate, then


@pytest.mark.parametrize(
    ("sent", "status", "end"),
    [
        pytest.param(HELLO, 200, "complete", id="between-chunks"),
        pytest.param(b"6\r\nhel", 200, "truncated", id="in-a-chunk"),
        pytest.param(HELLO[:-1], 200, "truncated", id="before-the-last-byte-of-its-line-end"),
        pytest.param(HELLO + b"6", 200, "truncated", id="in-a-size"),
        pytest.param(HELLO + b"0\r\n", 200, "truncated", id="in-the-trailers"),
    ],
)
def test_a_fin_between_two_chunks_can_look_complete_where_one_inside_does_not(
    sent: bytes, status: int, end: str
) -> None:
    cut = Cut(cases=(CutCase(causes=(Cause.FIN_AT_BOUNDARY,), http1=Ending.CLEAN),))
    seen = simulate(then(CHUNKED + sent, "fin"), profile(cut=cut), lambda lab: lab.ask(get()))
    assert (seen.status, seen.end) == (status, end)


def test_a_case_for_fin_holds_between_two_chunks_too() -> None:
    cut = Cut(cases=(CutCase(causes=(Cause.FIN,), http1=Ending.CLEAN),))
    seen = simulate(then(CHUNKED + HELLO, "fin"), profile(cut=cut), lambda lab: lab.ask(get()))
    assert seen.end == "complete"


@pytest.mark.parametrize(
    ("rule", "seen"),
    [
        (NotHttp.REFUSE, b"HTTP/1.1 526"),
        (NotHttp.BODY_OF_200, b"HTTP/1.1 200"),
        (NotHttp.RAW, b"Kaboom! 200 "),
    ],
)
def test_bytes_that_are_no_status_line_become_what_the_profile_says(rule: NotHttp, seen: bytes) -> None:
    async def main(lab: Lab) -> bytes:
        client = await lab.connect()
        client.send(get("/", "Connection: close\r\n"))
        return await client.reader.read()

    got = simulate(then(b"Kaboom! 200 fine\r\n\r\n", "fin"), profile(not_http=rule), main)
    assert got.startswith(seen)
    assert (b"Kaboom! 200 fine" in got) is (rule is not NotHttp.REFUSE)


@pytest.mark.parametrize(
    ("rule", "status", "lengths", "body"),
    [
        (TwoLengths.REFUSE, 526, [b"8"], b"edge 526"),
        (TwoLengths.FIRST, 200, [b"2"], b"ok"),
        (TwoLengths.LAST, 200, [b"3"], b"ok!"),
        (TwoLengths.BOTH, 200, [b"2", b"3"], b"ok"),
    ],
)
def test_two_lengths_that_differ_become_what_the_profile_says(
    rule: TwoLengths, status: int, lengths: list[bytes], body: bytes
) -> None:
    sent = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!"

    async def main(lab: Lab) -> tuple[int, list[bytes], bytes]:
        client = await lab.connect()
        client.send(get("/", "Connection: close\r\n"))
        head, _, rest = (await client.reader.read()).partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        found = [line.split(b": ")[1] for line in lines if line.lower().startswith(b"content-length")]
        return int(lines[0].split(b" ")[1]), found, rest

    assert simulate(then(sent, "stall"), profile(two_lengths=rule), main) == (status, lengths, body)


@pytest.mark.parametrize("how", [CloseKind.FIN, CloseKind.RST])
def test_an_origin_whose_answer_is_garbage_sees_the_end_that_the_profile_names(how: CloseKind) -> None:
    async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(b"nonsense")
        try:
            saw.append("fin" if await reader.read() == b"" else "bytes")
        except ConnectionError:
            saw.append("rst")

    saw: list[str] = []
    simulate(garbage, profile(origin=OriginSide(on_unusable=how)), lambda lab: lab.ask(get()))
    assert saw == [how]
