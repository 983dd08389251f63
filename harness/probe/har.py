"""Reads a HAR file, and predicts for each of its entries.

A HAR says when the header and the end of the body came, but not when the bytes between them did. So each
entry becomes two recordings: in one the body comes at its end, in the other it flows. Where their predictions
differ, the outcome is unknown.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from firstbyte.harness import redact
from firstbyte.harness.model.prediction import Outcome
from firstbyte.harness.model.recording import Answered, Finish, Received, Recording, Sent, Setup
from firstbyte.harness.predict import is_same
from firstbyte.harness.probe.address import TOKEN, read_method
from firstbyte.harness.probe.edges import Judged, judge_recording
from firstbyte.harness.probe.examine import Examined, conclude
from firstbyte.harness.problems import BadInput

MOST_ENTRIES = 10_000
_FLOW = 1_000_000
"""Microseconds between two pieces of a body that flows."""
_PIECES = 4_000
_MOST_BODY = 65_536
"""Bytes of a body that a recording holds at most: no edge decides by the rest."""
_DROPPED = frozenset({"content-length", "content-encoding", "transfer-encoding", "connection", "keep-alive"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NO_CONTENT = 204
_NO_BODY = (_NO_CONTENT, 304)
_FINAL = 200


class Pair(msgspec.Struct, frozen=True):
    """A header field."""

    name: str
    value: str = ""


class Content(msgspec.Struct, frozen=True):
    """A body's size, in bytes; -1 when unknown."""

    size: float = 0


class Post(msgspec.Struct, frozen=True):
    """The body of a request."""

    text: str = ""


class HarRequest(msgspec.Struct, frozen=True):
    """The request of an entry."""

    method: str
    url: str
    headers: tuple[Pair, ...] = ()
    body_size: float = msgspec.field(name="bodySize", default=-1)
    post: Post | None = msgspec.field(name="postData", default=None)


class HarResponse(msgspec.Struct, frozen=True):
    """The response of an entry. status: 0 or less when there was no response."""

    status: int
    headers: tuple[Pair, ...] = ()
    content: Content = Content()


class Timings(msgspec.Struct, frozen=True):
    """Durations in milliseconds. -1 or null: does not apply."""

    wait: float
    send: float | None = 0
    receive: float | None = 0
    dns: float | None = -1
    connect: float | None = -1
    ssl: float | None = -1


class Entry(msgspec.Struct, frozen=True):
    """One exchange."""

    request: HarRequest
    response: HarResponse
    timings: Timings


class Log(msgspec.Struct, frozen=True):
    """All exchanges."""

    entries: tuple[Entry, ...]


class Har(msgspec.Struct, frozen=True):
    """The file."""

    log: Log


def read_har(path: Path) -> tuple[Entry, ...]:
    """The entries. Raises BadInput, which says where in the file something is wrong and what to do."""
    try:
        content = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        raise BadInput(f"--har {path}: can't be read: {error.strerror}; name a HAR file") from error
    try:
        entries = msgspec.json.decode(content, type=Har).log.entries
    except msgspec.ValidationError as error:
        raise BadInput(f"--har {path}: is no HAR 1.2 file: {error}; export it again as HAR") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"--har {path}: is no JSON: {error}; export it again as HAR") from error
    if not entries:
        raise BadInput(f"--har {path}: log.entries: is empty; record at least one request")
    if len(entries) > MOST_ENTRIES:
        raise BadInput(f"--har {path}: {len(entries)} entries; the most is {MOST_ENTRIES}, so split the file")
    return entries


def examine_entry(entry: Entry, edges: Sequence[str], where: str) -> Examined:
    """What each edge would have made of one entry. where: how messages name the entry."""
    late, flowing = recording_of(entry, where, flows=False), recording_of(entry, where, flows=True)
    judged = judge_recording(flowing, edges)
    if late != flowing:
        judged = tuple(map(_joined, judge_recording(late, edges), judged))
    return conclude(redact.text(entry.request.url), flowing, judged)


def _joined(late: Judged, flowing: Judged) -> Judged:
    if is_same(late.prediction, flowing.prediction):
        margins = (late.prediction.margin, flowing.prediction.margin)
        margin = min((one for one in margins if one is not None), default=None)
        same = msgspec.structs.replace(flowing.prediction, margin=margin)
        return msgspec.structs.replace(flowing, prediction=same)
    unknown = msgspec.structs.replace(late.prediction, outcome=Outcome.UNKNOWN, margin=None)
    note = "a HAR does not say when the bytes of a body came, and that decides it"
    return Judged(edge=late.edge, prediction=unknown, note=note)


def recording_of(entry: Entry, where: str, *, flows: bool) -> Recording:
    """The recording of an entry. flows: a piece of the body comes every second, else all at its end."""
    request, response, timings = entry.request, entry.response, entry.timings
    sent = _microseconds(timings.send)
    header = sent + _microseconds(timings.wait, where)
    end = header + _microseconds(timings.receive)
    size = _sent_size(request)
    # HAR 1.2: the time for TLS is part of that for connecting.
    tls = _microseconds(timings.ssl)
    connect = max(_microseconds(timings.connect) - tls, 0)
    return Recording(
        method=read_method(request.method, where),
        path=request.url,
        headers=tuple((one.name, one.value) for one in request.headers),
        setup=Setup(dns=_microseconds(timings.dns), connect=connect, tls=tls),
        uploads=(Sent(at=sent, size=size),) if size else (),
        sent_at=sent,
        answer=_answer(request.method, response, header, end, flows=flows),
    )


def _sent_size(request: HarRequest) -> int:
    if request.body_size > 0:
        return int(request.body_size)
    return len(request.post.text.encode("utf-8", "replace")) if request.post else 0


def _microseconds(milliseconds: float | None, required_at: str = "") -> int:
    if milliseconds is None or not 0 <= milliseconds < 1e12:
        if required_at:
            raise BadInput(f"{required_at}: timings.wait: {milliseconds} is no time; leave the entry out")
        return 0
    return round(milliseconds * 1_000)


def _answer(method: str, response: HarResponse, header: int, end: int, *, flows: bool) -> Answered:
    if response.status < _FINAL:
        # The request was aborted: what would have come later is not known.
        return Answered(parts=(), finish=Finish.OPEN, finished_at=end)
    has_body = method.upper() != "HEAD" and response.status not in _NO_BODY
    size = min(max(int(response.content.size), 0), _MOST_BODY) if has_body else 0
    parts = [Received(at=header, data=_head(response, size))]
    if flows:
        times = list(range(header + _FLOW, end, max(_FLOW, (end - header) // _PIECES)))[: max(size - 1, 0)]
        parts += [Received(at=at, data=b"x") for at in times]
        size -= len(times)
    if size:
        parts.append(Received(at=end, data=b"x" * size))
    return Answered(parts=tuple(parts), finish=Finish.KEPT, finished_at=end)


def _head(response: HarResponse, size: int) -> bytes:
    """A new header, because the body of the recording is decoded and not in chunks."""
    lines = [f"HTTP/1.1 {response.status} "]
    lines += [f"{one.name}: {_CONTROL.sub(' ', one.value)}" for one in response.headers if _is_kept(one)]
    if response.status not in _NO_BODY:
        lines.append(f"Content-Length: {size}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def _is_kept(one: Pair) -> bool:
    """Whether the field is an ordinary one. HTTP/2's own begin with a colon, and the framing is new."""
    return bool(TOKEN.fullmatch(one.name)) and one.name.lower() not in _DROPPED
