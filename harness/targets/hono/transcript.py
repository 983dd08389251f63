"""What a server sends for one request, read by read, and its outline: what the times tell a client.

Only `listen_to` does I/O.
"""

import asyncio
from typing import Literal

import msgspec

from firstbyte.harness.client.reading import AnswerReader, Sight
from firstbyte.harness.clock import monotonic_ns

READ_SIZE = 65_536
type End = Literal["complete", "closed", "open"]


class Read(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One read. at_ms: time since the request was sent. data: the bytes as Latin-1."""

    at_ms: float
    data: str


class Transcript(msgspec.Struct, frozen=True, kw_only=True):
    """One answer. end: closed = the server closed the connection, open = it did not end in time."""

    reads: tuple[Read, ...]
    end: End


class Outline(msgspec.Struct, frozen=True, kw_only=True):
    """An outline. Each moment is "before" the middle of the wait, "after" it, or "never"."""

    status: int | None
    interims: tuple[int, ...]
    first_byte: str
    header: str
    body: str
    end: str
    framing_ok: bool


async def listen_to(
    address: tuple[str, int], request: bytes, *, method: str, patience_ms: float
) -> Transcript:
    """Send `request` and read until the answer is complete, the server closes, or the time is over."""
    reader, writer = await asyncio.open_connection(*address)
    answer = AnswerReader(method)
    reads: list[Read] = []
    end: End = "open"
    began = monotonic_ns()
    writer.write(request)
    try:
        async with asyncio.timeout(patience_ms / 1_000):
            while not answer.is_done:
                data = await reader.read(READ_SIZE)
                if data:
                    at_ms = round((monotonic_ns() - began) / 1e6, 1)
                    reads.append(Read(at_ms=at_ms, data=data.decode("latin-1")))
                answer.feed(data)
        end = "complete" if answer.is_complete else "closed"
    except TimeoutError:
        pass
    finally:
        writer.close()
    return Transcript(reads=tuple(reads), end=end)


def outline(one: Transcript, wait_ms: float, method: str) -> Outline:
    """Return the outline of a transcript."""
    reader = AnswerReader(method)
    seen: dict[Sight, str] = {}
    interims: list[int] = []
    for read in one.reads:
        when = "before" if read.at_ms < wait_ms / 2 else "after"
        for sighting in reader.feed(read.data.encode("latin-1")):
            seen.setdefault(sighting.sight, when)
            if sighting.sight is Sight.INTERIM:
                interims.append(sighting.value)
    return Outline(
        status=reader.status,
        interims=tuple(interims),
        first_byte=seen.get(Sight.FIRST_BYTE, "never"),
        header=seen.get(Sight.HEADER, "never"),
        body=seen.get(Sight.BODY, "never"),
        end=seen.get(Sight.COMPLETE, "never"),
        framing_ok=reader.framing_ok,
    )
