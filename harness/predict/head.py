"""The head of an answer as an edge reads it: status, fields, and how they frame the body.

Pure, and on purpose another reader than the edge's own: a test holds the two together.
"""

import re
from typing import NamedTuple

from firstbyte.harness.model.profile import Framing, TwoLengths

NO_CONTENT = 204
SWITCHING = 101
_LOWEST, _HIGHEST = 100, 599
_FINAL = 200
#: Of a Content-Length: so many always fit into 64 bits with a sign.
_MOST_DIGITS = 18
#: RFC 9110 7.6.1: between two neighbours only.
_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"upgrade",
    }
)
_NEVER_DROPPED = frozenset(
    {b"host", b"content-length", b"transfer-encoding", b"content-type", b"expect", b"trailer"}
)

type Fields = tuple[tuple[bytes, bytes], ...]


class BadHead(ValueError):
    """No proxy takes this for the head of an answer."""


class Head(NamedTuple):
    """One head. fields: in order, as they came."""

    status: int
    reason: bytes
    fields: Fields
    is_raw: bool = False  # made up for bytes that are no HTTP, and never sent

    def all(self, name: bytes) -> list[bytes]:
        """The values of every field of this name."""
        return [value for key, value in self.fields if key.lower() == name]

    def one(self, name: bytes) -> bytes:
        """They joined, as a list is; b'' when there is none."""
        return b", ".join(self.all(name))

    @property
    def is_interim(self) -> bool:
        """A 1xx that another answer follows."""
        return self.status < _FINAL and self.status != SWITCHING

    @property
    def is_chunked(self) -> bool:
        """It says that its body comes in chunks."""
        return b"chunked" in self.one(b"transfer-encoding").lower()

    @property
    def framing(self) -> Framing:
        """How the origin frames the body."""
        if self.is_chunked:
            return Framing.CHUNKED
        return Framing.LENGTH if self.all(b"content-length") else Framing.CLOSE

    @property
    def announces_body(self) -> bool:
        """Rightly or not."""
        return bool(self.all(b"transfer-encoding")) or (self.one(b"content-length") or b"0") != b"0"


def read_head(lines: list[bytes], rule: TwoLengths) -> tuple[Head, Head]:
    """The head in these lines, as its body is read and as it goes on. BadHead when an edge refuses it."""
    status, reason = _status_line(lines[0] if lines else b"")
    head, others = _with_one_length(Head(status, reason, _fields(lines[1:])), rule)
    _refuse(head)
    head = _with_plain_length(head)
    more = tuple((b"Content-Length", value) for value in others)
    return head, head._replace(fields=(*head.fields, *more))


def _with_one_length(head: Head, rule: TwoLengths) -> tuple[Head, list[bytes]]:
    """RFC 9112 6.3: equal lengths count as one. Of others that of the rule, with those that go on."""
    lengths = head.all(b"content-length")
    is_refused = len(set(lengths)) > 1 and rule is TwoLengths.REFUSE
    if len(lengths) < 2 or is_refused:
        return head, []
    kept = tuple(one for one in head.fields if one[0].lower() != b"content-length")
    chosen = lengths[-1 if rule is TwoLengths.LAST else 0]
    others = lengths[1:] if rule is TwoLengths.BOTH and len(set(lengths)) > 1 else []
    return head._replace(fields=(*kept, (b"Content-Length", chosen))), others


def _with_plain_length(head: Head) -> Head:
    """Without the zeros before it: they say nothing."""
    return head._replace(
        fields=tuple(
            (name, value.lstrip(b"0") or b"0") if name.lower() == b"content-length" else (name, value)
            for name, value in head.fields
        )
    )


def _status_line(line: bytes) -> tuple[int, bytes]:
    parts = line.split(None, 2)
    if len(parts) < 2 or not re.fullmatch(rb"[0-9]{3}", parts[1]) or not _is_version(parts[0]):
        raise BadHead(f"not an HTTP answer: {line[:40]!r}")
    return int(parts[1]), parts[2] if len(parts) > 2 else b""


def _is_version(word: bytes) -> bool:
    digits = word.removeprefix(b"HTTP/")
    return word.startswith(b"HTTP/") and len(digits) == 3 and digits[1:2] == b"." and digits[::2].isdigit()


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
    if not _LOWEST <= head.status <= _HIGHEST:
        raise BadHead(f"status {head.status}")
    if length and coding:
        raise BadHead("both Content-Length and Transfer-Encoding")
    if len(set(length)) > 1 or (length and not _is_length(length[0])):
        raise BadHead(f"Content-Length {head.one(b'content-length')!r}")
    if len(coding) > 1 or (coding and coding[0].lower() not in (b"chunked", b"identity")):
        raise BadHead(f"Transfer-Encoding {head.one(b'transfer-encoding')!r}")
    if any(byte in value for _, value in head.fields for byte in (b"\0", b"\r", b"\n")):
        raise BadHead("a header value with a line break or NUL")


def _is_length(value: bytes) -> bool:
    return value.isdigit() and len(value.lstrip(b"0")) <= _MOST_DIGITS


def has_no_body(method: str, status: int) -> bool:
    """RFC 9112 6.3: it ends with its head, whatever the head says."""
    return method == "HEAD" or status < _FINAL or status in (NO_CONTENT, 304)


def body_size(method: str, head: Head) -> int | None:
    """Bytes of the body; None: in chunks; -1: until the close."""
    if has_no_body(method, head.status):
        return 0
    if head.is_chunked:
        return None
    lengths = head.all(b"content-length")
    return int(lengths[0]) if lengths else -1


def forwarded(head: Head) -> Fields:
    """Its fields without those that end at the next hop; a 101 keeps its Upgrade."""
    named = {token.strip() for value in head.all(b"connection") for token in value.lower().split(b",")}
    dropped = _HOP_BY_HOP | (named - _NEVER_DROPPED)
    kept = tuple(one for one in head.fields if one[0].lower() not in dropped)
    upgrade = head.all(b"upgrade")
    if head.status == SWITCHING and upgrade:
        return (*kept, (b"Connection", b"Upgrade"), (b"Upgrade", upgrade[0]))
    return kept


def on_the_wire(status: int, reason: bytes, fields: Fields) -> bytes:
    """The bytes of a head."""
    lines = [b"HTTP/1.1 %d %s" % (status, reason), *(b"%s: %s" % field for field in fields)]
    return b"\r\n".join(lines) + b"\r\n\r\n"
