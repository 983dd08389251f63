"""Response headers in the captured spelling and order.

1.2.20 (Bun 1.3.10) sends Content-Type, Vary, Date, then the framing. 1.18.33 sends Date and Content-Length
before Vary with JSON, and no Content-Type with a 204. Captured with raw sockets on 2026-11-22. No header
names uvicorn.
"""

from email.utils import formatdate
from functools import lru_cache
from typing import assert_never

from firstbyte.reference_server.config import Api

type HeaderLine = tuple[bytes, bytes]

JSON_TYPE = (b"Content-Type", b"application/json")
VARY = (b"Vary", b"Origin")


def http_date(wall_ms: int) -> bytes:
    """Returns the time in the format of RFC 9110 5.6.7."""
    return _date_of(wall_ms // 1000)


@lru_cache(maxsize=64)
def _date_of(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode()


def no_content(api: Api, date: bytes) -> list[HeaderLine]:
    """Returns the headers of a complete 204."""
    rest = [VARY, (b"Date", date), (b"Content-Length", b"0")]
    return [JSON_TYPE, *rest] if api is Api.V1_2 else rest


def json_body(api: Api, date: bytes, length: int) -> list[HeaderLine]:
    """Returns the headers of a JSON document of known length."""
    framing = (b"Content-Length", str(length).encode())
    match api:
        case Api.V1_2:
            return [JSON_TYPE, VARY, (b"Date", date), framing]
        case Api.V1_18:
            return [JSON_TYPE, (b"Date", date), framing, VARY]
        case _:
            assert_never(api)


def json_stream(date: bytes) -> list[HeaderLine]:
    """Returns the headers of a JSON document of unknown length. h11 adds Transfer-Encoding."""
    return [JSON_TYPE, VARY, (b"Date", date)]


def event_stream(api: Api, date: bytes) -> list[HeaderLine]:
    """Returns the headers of a server-sent event stream. h11 adds Transfer-Encoding."""
    kind = (b"Content-Type", b"text/event-stream")
    sniff = (b"X-Content-Type-Options", b"nosniff")
    match api:
        case Api.V1_2:
            cache = (b"Cache-Control", b"no-cache")
            alive = (b"Connection", b"keep-alive")
            return [sniff, kind, cache, alive, VARY, (b"X-Accel-Buffering", b"no"), (b"Date", date)]
        case Api.V1_18:
            cache = (b"Cache-Control", b"no-cache, no-transform")
            return [cache, sniff, kind, VARY, (b"x-accel-buffering", b"no"), (b"Date", date)]
        case _:
            assert_never(api)


def as_bytes(headers: list[HeaderLine]) -> bytes:
    """Returns the header lines as they are sent, without the blank line."""
    return b"".join(name + b": " + value + b"\r\n" for name, value in headers)
