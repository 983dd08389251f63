"""One exchange as it was on the wire: what was sent, every piece that came back, and when.

Probes, HAR files and played wire shapes become recordings; the predictor and the findings read nothing else.
Times are microseconds since the first byte of the request was written. Bytes are not interpreted here.
"""

from enum import StrEnum

import msgspec

from firstbyte.harness.model.verdict import End


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes that came in one read."""

    at: int
    data: bytes


class Finish(StrEnum):
    """The last thing that was seen on the connection."""

    FIN = "fin"
    RESET = "reset"
    KEPT = "kept"  # the answer was complete, the connection open, and nothing more came
    OPEN = "open"  # the recorder stopped waiting: what would have come later is not known


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that came back for one request, until its `finish` at `finished_at`."""

    parts: tuple[Received, ...]
    finish: Finish
    finished_at: int


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of the request's body."""

    at: int
    size: int


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """How long the steps before the request took, in microseconds; None = not needed or not seen."""

    dns: int | None = None
    connect: int | None = None
    tls: int | None = None

    @property
    def connecting(self) -> int:
        """How long it took to connect, without the name look-up: an edge knows its origin's address."""
        return (self.connect or 0) + (self.tls or 0)


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange. sent_at: when the whole request had left.

    is_taken: the origin has taken all of the request. reused: the request went out on a connection that an
    earlier request had used; `afresh` is then the answer to a request on a new connection. afresh None = the
    same answer again. A request that is sent again gets it too.
    """

    method: str
    path: str
    answer: Answered
    headers: tuple[tuple[str, str], ...] = ()
    setup: Setup = Setup()
    uploads: tuple[Sent, ...] = ()
    sent_at: int = 0
    reused: bool = False
    is_taken: bool = True
    afresh: Answered | None = None

    @property
    def body_size(self) -> int:
        """Bytes of the request's body."""
        return sum(one.size for one in self.uploads)


class WireSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What a recording shows, read as HTTP. Times as in the recording; None = it never came.

    header_lines: when each line of the final header had come. bodies: when body bytes came.
    longest_gap: the longest time without a byte after the request's end. framing: chunked | length | close.
    """

    status: int | None
    first_byte: int | None
    header: int | None
    first_body: int | None
    longest_gap: int
    end_at: int
    end: End
    header_lines: tuple[int, ...] = ()
    interims: tuple[tuple[int, int], ...] = ()  # (when, status)
    bodies: tuple[int, ...] = ()
    body_bytes: int = 0
    body: bytes = b""  # the first kilobytes
    headers: tuple[tuple[str, str], ...] = ()
    framing: str = ""
    stray_bytes: bool = False  # a body on a 204, or bytes after the end
