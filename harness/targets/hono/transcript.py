"""What a server sends for one request, read by read, and the two forms in which that is compared.

One form is the bytes before and after the middle of the wait. What differs from run to run is replaced;
`normal` names each replacement, and no other byte may be dropped. The other form is an outline: what a client
can tell from the times of the bytes. Only `listen_to` does I/O.
"""

import asyncio
import re
from typing import Literal

import msgspec

from firstbyte.harness.client.reading import AnswerReader, Sight
from firstbyte.harness.clock import monotonic_ns

READ_SIZE = 65_536
_DATE = re.compile(r"(?m)^(Date: )[^\r]+ GMT")
_IDS = re.compile(r"(ses|msg|prt)_[0-9A-Za-z]+")
_HOP_BY_HOP = re.compile(r"(?m)^(Connection|Keep-Alive): [^\r]*\r\n")
_LENGTH = re.compile(r"(?im)^(content-length: )\d+(?=\r\n)")
_CHUNK_OF_JSON = re.compile(r"(?m)^[0-9a-f]+\r\n(?=(?:data: )?<json>)")
_DOCUMENT = re.compile(r'\{"(?:info|id)":')
_HEAD = re.compile(r"(HTTP/1\.1 [^\r]*\r\n)((?:[^\r\n]+\r\n)*)(\r\n)?")

type End = Literal["complete", "closed", "open"]


class Read(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One read. at_ms: time since the request was sent. data: the bytes as Latin-1."""

    at_ms: float
    data: str


class Transcript(msgspec.Struct, frozen=True, kw_only=True):
    """One answer. end: closed = the server closed the connection, open = it did not end in time."""

    reads: tuple[Read, ...]
    end: End

    def between(self, start_ms: float, end_ms: float) -> str:
        """Return the bytes of that time, joined, because the kernel decides how they are split into reads."""
        return "".join(one.data for one in self.reads if start_ms <= one.at_ms < end_ms)


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


def halves(one: Transcript, wait_ms: float, *, is_node: bool) -> tuple[str, str]:
    """Return the normalised bytes before and after the middle of the wait."""
    whole = float("inf")
    return (
        normal(one.between(0, wait_ms / 2), is_node=is_node),
        normal(one.between(wait_ms / 2, whole), is_node=is_node),
    )


def normal(data: str, *, is_node: bool) -> str:
    """Replace what differs between runs: the date, ids, and a JSON document with the sizes that depend on it.

    For Node, header names are also put in lower case and sorted, because Node does that; Connection and
    Keep-Alive are removed, because they are for one connection only (RFC 9110 7.6.1); and so is the
    Content-Length: 0 of a 204, which Bun 1.3 sends and Node does not.
    """
    data = _IDS.sub(r"\1_<id>", _DATE.sub(r"\1<date>", data))
    data = _without_documents(data)
    return _HEAD.sub(_sorted_head, data) if is_node else data


def _without_documents(data: str) -> str:
    """Replace a message's JSON by <json>, and its Content-Length and chunk size by <n>."""
    found = _DOCUMENT.search(data)
    if found is None:
        return data
    data = data[: found.start()] + "<json>" + data[data.rfind("}") + 1 :]
    return _CHUNK_OF_JSON.sub("<n>\r\n", _LENGTH.sub(r"\1<n>", data))


def _sorted_head(found: re.Match[str]) -> str:
    lines = _HOP_BY_HOP.sub("", _titled(found[2])).splitlines(keepends=True)
    named = [(line.partition(":")[0].lower(), line.partition(":")[2]) for line in lines]
    if " 204 " in found[1]:
        named = [pair for pair in named if pair != ("content-length", " 0\r\n")]
    return found[1] + "".join(f"{name}:{value}" for name, value in sorted(named)) + (found[3] or "")


def _titled(lines: str) -> str:
    return re.sub(r"(?m)^[^:\r\n]+", lambda name: name[0].title(), lines)


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
