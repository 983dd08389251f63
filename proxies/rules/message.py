"""What HTTP says about message heads and bodies, as constants and predicates on plain bytes.

The edge and the predictor each have a reader of their own; what both look up is here.
"""

from collections.abc import Iterable

from h11._readers import ChunkedReader

#: RFC 9110 7.6.1: these fields end at the next hop. Upgrade is looked at on its own.
HOP_BY_HOP = frozenset(
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
#: Fields that `Connection: x` can't take away.
_NEVER_DROPPED = frozenset(
    {b"host", b"content-length", b"transfer-encoding", b"content-type", b"expect", b"trailer"}
)
#: Transfer codings that are accepted in an answer.
ANSWER_CODINGS = (b"chunked", b"identity")
#: The most digits of a Content-Length: so many always fit into a signed 64-bit integer.
_MOST_DIGITS = 18


def connection_options(values: Iterable[bytes]) -> set[bytes]:
    """The fields that the values of a Connection header take away, in lower case."""
    return {token.strip() for value in values for token in value.lower().split(b",")} - _NEVER_DROPPED


def is_status(status: int) -> bool:
    """Whether an origin's answer may have this status."""
    return 100 <= status <= 599


def is_length(value: bytes) -> bool:
    """Whether this is the value of a Content-Length."""
    return value.isdigit() and len(value.lstrip(b"0")) <= _MOST_DIGITS


def has_no_body(method: str, status: int) -> bool:
    """RFC 9112 6.3: whether an answer ends with its head, whatever the head says."""
    return method == "HEAD" or 100 <= status < 200 or status in (204, 304)


def may_be_http(start: bytes) -> bool:
    """Whether an answer that starts with these bytes may still be HTTP."""
    return b"HTTP/".startswith(start[:5])


def is_between_chunks(reader: ChunkedReader, buffered: int) -> bool:
    """Whether h11's reader has just read a whole chunk. buffered: the bytes that it has not read yet."""
    return not (buffered or reader._bytes_in_chunk or reader._bytes_to_discard or reader._reading_trailer)
