"""Message heads: reads them from lines, and finds a field by its name without looking at all of them.

Builds mitmproxy's own messages, but skips that each new one looks up the type of every attribute. It must
never be laxer about a head than mitmproxy's reader is.
"""

from collections.abc import Iterable, Set
from functools import lru_cache

from mitmproxy import http
from mitmproxy.net.http.http1.read import _read_request_line, _read_response_line

type Field = tuple[bytes, bytes]


class Fields(http.Headers):
    """Header fields with an index by name. It is made anew when the fields have been replaced: it is of the
    fields in `indexed`.
    """

    def __init__(self, fields: Iterable[Field] = ()) -> None:
        self.fields = tuple(fields)
        self.indexed: tuple[Field, ...] | None = None
        self.index: dict[bytes, list[bytes]] = {}

    def named(self, name: bytes) -> list[bytes]:
        """The values of a field, in order. name: in lower case."""
        if self.indexed is not self.fields:
            self.indexed = self.fields
            self.index = {}
            for key, value in self.fields:
                self.index.setdefault(key.lower(), []).append(value)
        return self.index.get(name, [])

    def names(self) -> Set[bytes]:
        """Every name there is, in lower case."""
        self.named(b"")
        return self.index.keys()

    def drop(self, unwanted: Set[bytes]) -> None:
        """Take every field of these names out. unwanted: in lower case."""
        self.named(b"")
        self.indexed = self.fields = tuple(
            [field for field in self.fields if field[0].lower() not in unwanted]
        )
        for name in unwanted:
            self.index.pop(name, None)

    def get_all(self, name: str | bytes) -> list[str]:
        """As mitmproxy's: text, whatever its bytes."""
        return [value.decode("utf-8", "surrogateescape") for value in self.named(_lower(name))]

    def get[T](self, key: str | bytes, default: T | None = None) -> str | T | None:
        """The values in one text, or the default."""
        values = self.named(_lower(key))
        return b", ".join(values).decode("utf-8", "surrogateescape") if values else default

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str | bytes) and bool(self.named(_lower(key)))


@lru_cache(maxsize=256)
def _lower(name: str | bytes) -> bytes:
    return (name.encode("utf-8", "surrogateescape") if isinstance(name, str) else name).lower()


def named(headers: http.Headers, name: bytes) -> list[bytes]:
    """The values of a field of any headers, in order. name: in lower case."""
    if isinstance(headers, Fields):
        # Thirty times for each exchange: nearly always the index is there.
        return headers.index.get(name, []) if headers.indexed is headers.fields else headers.named(name)
    return [value for key, value in headers.fields if key.lower() == name]


def names(headers: http.Headers) -> Set[bytes]:
    """The names of the fields of any headers, in lower case."""
    return headers.names() if isinstance(headers, Fields) else {key.lower() for key, _ in headers.fields}


def drop(headers: http.Headers, unwanted: Set[bytes]) -> None:
    """Take every field of these names out of any headers. unwanted: in lower case."""
    if isinstance(headers, Fields):
        headers.drop(unwanted)
    else:
        headers.fields = tuple([field for field in headers.fields if field[0].lower() not in unwanted])


def is_chunked(headers: http.Headers) -> bool:
    """Whether the body comes in chunks."""
    codings = named(headers, b"transfer-encoding")
    return bool(codings) and b"chunked" in b", ".join(codings).lower()


class _RequestData(http.RequestData):
    def __post_init__(self) -> None:
        """No look at the types: they are right by construction."""


class _ResponseData(http.ResponseData):
    def __post_init__(self) -> None:
        """No look at the types: they are right by construction."""


def read_request_head(lines: list[bytes]) -> http.Request:
    """A request without its body. Raises ValueError as mitmproxy's reader does."""
    host, port, method, scheme, authority, path, version = _read_request_line(lines[0])
    fields = Fields(_read_fields(lines))
    request = http.Request.__new__(http.Request)
    request.data = _RequestData(
        version, fields, None, None, 0.0, None, host, port, method, scheme, authority, path
    )
    return request


def read_response_head(lines: list[bytes]) -> http.Response:
    """An answer without its body. Raises ValueError or IndexError as mitmproxy's reader does."""
    version, status, reason = _read_response_line(lines[0])
    return response_head(status, reason, _read_fields(lines), version)


def response_head(
    status: int, reason: bytes, fields: Iterable[Field], version: bytes = b"HTTP/1.1"
) -> http.Response:
    """An answer without its body."""
    response = http.Response.__new__(http.Response)
    response.data = _ResponseData(version, Fields(fields), None, None, 0.0, None, status, reason)
    return response


def _read_fields(lines: list[bytes]) -> list[Field]:
    fields: list[Field] = []
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if line[0] in b" \t":
            if not fields:
                raise ValueError("Invalid headers")
            fields[-1] = (fields[-1][0], fields[-1][1] + b"\r\n " + line.strip())
        elif not name or not colon:
            raise ValueError(f"Invalid header line: {line!r}")
        else:
            fields.append((name, value.strip()))
    return fields
