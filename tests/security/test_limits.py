"""What one peer can take of an edge has documented bounds: docs and constants agree, and they hold."""

import asyncio
from pathlib import Path

import pytest

from firstbyte.proxies.rules.config import (
    MAX_BUFFERED_BYTES,
    MAX_CONNECTIONS,
    MAX_HEADER_BYTES,
    MAX_HEADER_FIELDS,
    MAX_IDLE,
    MAX_REPLAY_BYTES,
)
from tests.proxies.lab import OK, Lab, Script, get, head_of, profile, simulate


def answering(answer: bytes) -> Script:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await head_of(reader)
            writer.write(answer)

    return script


def fields(count: int) -> str:
    """So many fields, Host not counted."""
    return "X: y\r\n" * count


@pytest.mark.parametrize(("count", "status"), [(MAX_HEADER_FIELDS - 1, 200), (MAX_HEADER_FIELDS, 431)])
def test_a_request_has_so_many_header_fields_at_most(count: int, status: int) -> None:
    async def main(lab: Lab) -> int:
        return (await lab.ask(get("/", fields(count)))).status

    assert simulate(answering(OK), profile(), main) == status


@pytest.mark.parametrize(("count", "status"), [(MAX_HEADER_FIELDS + 1, 200), (20_000, 526)])
def test_an_answers_fields_are_bounded_by_the_length_of_its_head_alone(count: int, status: int) -> None:
    async def main(lab: Lab) -> int:
        return (await lab.ask(get())).status

    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + fields(count - 1).encode() + b"\r\n"
    assert simulate(answering(answer), profile(), main) == status


def test_a_connection_too_many_is_closed_and_a_place_that_is_free_again_is_used() -> None:
    async def main(lab: Lab) -> list[int]:
        first, second = await lab.connect(), await lab.connect()
        first.send(get())
        second.send(get())
        statuses = [(await first.answer()).status, (await second.answer()).status]
        statuses.append((await lab.ask(get())).status)
        first.close()
        await asyncio.sleep(10)
        return [*statuses, (await lab.ask(get())).status]

    assert simulate(answering(OK), profile(), main, max_connections=2) == [200, 200, 0, 200]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("head", f"{MAX_HEADER_BYTES // 1024} KiB"),
        ("fields", f"{MAX_HEADER_FIELDS} fields"),
        ("connections", f"{MAX_CONNECTIONS:,} connections"),
        ("idle connections", f"{MAX_IDLE:,} connections"),
        ("buffered body", f"{MAX_BUFFERED_BYTES // 1024**2} MiB"),
        ("body kept to send it again", f"{MAX_REPLAY_BYTES // 1024**2} MiB"),
    ],
)
def test_the_limits_are_documented(name: str, value: str, root: Path) -> None:
    rows = [row for row in (root / "SECURITY.md").read_text().splitlines() if row.startswith(f"| {name} |")]
    assert [value in row for row in rows] == [True]
