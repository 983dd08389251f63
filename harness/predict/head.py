"""Reads the head of an answer as an edge does: its status, its fields, and how they frame the body.

This reader is not the edge's own, on purpose: a test compares the two.
"""

import re
from typing import NamedTuple

from firstbyte.harness.model.profile import Framing, TwoLengths
from firstbyte.proxies.rules.message import (
    ANSWER_CODINGS,
    HOP_BY_HOP,
    connection_options,
    has_no_body,
    is_length,
    is_status,
)

NO_CONTENT = 204
SWITCHING = 101
FINAL = 200
"""The lowest status of a final answer."""

_VERSION = re.compile(rb"HTTP/[0-9]\.[0-9]")
_STATUS = re.compile(rb"[0-9]{3}")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")

type Fields = tuple[tuple[bytes, bytes], ...]


class BadHead(ValueError):
    """An edge refuses this head."""


class Head(NamedTuple):
    """The head of one answer. fields: in order, as they came.

    is_raw: it stands for bytes that are not HTTP, and is never sent.
    """

    status: int
    reason: bytes
    fields: Fields
    is_raw: bool = False

    def all(self, name: bytes) -> list[bytes]:
        """The values of every field of this name."""
        return [value for key, value in self.fields if key.lower() == name]

    def one(self, name: bytes) -> bytes:
        """The values of every field of this name, joined with commas; b'' when there is none."""
        return b", ".join(self.all(name))

    @property
    def is_interim(self) -> bool:
        """Whether this is a 1xx that another answer follows."""
        return self.status < FINAL and self.status != SWITCHING

    @property
    def is_chunked(self) -> bool:
        """Whether it says that the body comes in chunks."""
        return b"chunked" in self.one(b"transfer-encoding").lower()

    @property
    def framing(self) -> Framing:
        """How the origin frames the body."""
        if self.is_chunked:
            return Framing.CHUNKED
        return Framing.LENGTH if self.all(b"content-length") else Framing.CLOSE

    @property
    def announces_body(self) -> bool:
        """Whether it announces a body, rightly or not."""
        return bool(self.all(b"transfer-encoding")) or (self.one(b"content-length") or b"0") != b"0"


def read_head(lines: list[bytes], rule: TwoLengths) -> tuple[Head, Head]:
    """Returns the head twice: as the edge reads the body by it, and as it sends it on.

    Raises BadHead when an edge refuses it.
    """
    status, reason = _status_line(lines[0] if lines else b"")
    head, others = _with_one_length(Head(status, reason, _fields(lines[1:])), rule)
    _refuse(head)
    head = _with_plain_length(head)
    other_lengths = tuple((b"Content-Length", value) for value in others)
    return head, head._replace(fields=(*head.fields, *other_lengths))


def _with_one_length(head: Head, rule: TwoLengths) -> tuple[Head, list[bytes]]:
    """Leaves the one Content-Length that counts, and returns the others that are sent on all the same.

    RFC 9112 6.3: equal lengths count as one. Of different ones the rule chooses.
    """
    lengths = head.all(b"content-length")
    is_refused = len(set(lengths)) > 1 and rule is TwoLengths.REFUSE
    if len(lengths) < 2 or is_refused:
        return head, []
    kept = without(head.fields, b"content-length")
    chosen = lengths[-1 if rule is TwoLengths.LAST else 0]
    others = lengths[1:] if rule is TwoLengths.BOTH and len(set(lengths)) > 1 else []
    return head._replace(fields=(*kept, (b"Content-Length", chosen))), others


def _with_plain_length(head: Head) -> Head:
    """Drops the leading zeros of a Content-Length."""
    return head._replace(
        fields=tuple(
            (name, value.lstrip(b"0") or b"0") if name.lower() == b"content-length" else (name, value)
            for name, value in head.fields
        )
    )


def _status_line(line: bytes) -> tuple[int, bytes]:
    parts = line.split(None, 2)
    if len(parts) < 2 or not _STATUS.fullmatch(parts[1]) or not _VERSION.fullmatch(parts[0]):
        raise BadHead(f"not an HTTP answer: {line[:40]!r}")
    return int(parts[1]), parts[2] if len(parts) > 2 else b""


def _fields(lines: list[bytes]) -> Fields:
    fields: list[tuple[bytes, bytes]] = []
    for text in lines:
        if text[:1] in (b" ", b"\t"):
            if not fields:
                raise BadHead("a folded line without a field")
            fields[-1] = (fields[-1][0], fields[-1][1] + b"\r\n " + text.strip())
            continue
        name, colon, value = text.partition(b":")
        if not colon or not name:
            raise BadHead(f"no header field: {text[:40]!r}")
        fields.append((name, value.strip()))
    return tuple(fields)


def _refuse(head: Head) -> None:
    length, coding = head.all(b"content-length"), head.all(b"transfer-encoding")
    if not is_status(head.status):
        raise BadHead(f"status {head.status}")
    if length and coding:
        raise BadHead("both Content-Length and Transfer-Encoding")
    if len(set(length)) > 1 or (length and not is_length(length[0])):
        raise BadHead(f"Content-Length {head.one(b'content-length')!r}")
    if len(coding) > 1 or (coding and coding[0].lower() not in ANSWER_CODINGS):
        raise BadHead(f"Transfer-Encoding {head.one(b'transfer-encoding')!r}")
    if any(byte in value for _, value in head.fields for byte in (b"\0", b"\r", b"\n")):
        raise BadHead("a header value with a line break or NUL")


def without(fields: Fields, name: bytes) -> Fields:
    """The fields that do not have this name. name: in lower case."""
    return tuple(field for field in fields if field[0].lower() != name)


def is_plain_field(name: bytes, value: bytes) -> bool:
    """Whether every reader takes this for a field: a token, and text without control characters."""
    return bool(_NAME.fullmatch(name) and _VALUE.fullmatch(value))


def body_size(method: str, head: Head) -> int | None:
    """The length of the body in bytes; None: it comes in chunks; -1: it ends with the connection."""
    if has_no_body(method, head.status):
        return 0
    if head.is_chunked:
        return None
    lengths = head.all(b"content-length")
    return int(lengths[0]) if lengths else -1


def forwarded(head: Head) -> Fields:
    """The fields that are sent on: not those that end at this hop. A 101 keeps its Upgrade."""
    dropped = HOP_BY_HOP | connection_options(head.all(b"connection"))
    kept = tuple(field for field in head.fields if field[0].lower() not in dropped)
    upgrade = head.all(b"upgrade")
    if head.status == SWITCHING and upgrade:
        return (*kept, (b"Connection", b"Upgrade"), (b"Upgrade", upgrade[0]))
    return kept


def on_the_wire(status: int, reason: bytes, fields: Fields) -> bytes:
    """The bytes of a head."""
    lines = [b"HTTP/1.1 %d %s" % (status, reason), *(b"%s: %s" % field for field in fields)]
    return b"\r\n".join(lines) + b"\r\n\r\n"
