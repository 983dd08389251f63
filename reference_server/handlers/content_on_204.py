"""A 204 with a body of two bytes, which no 204 may have: the next response on that connection is misread.

Evidence: Bun 1.3.10 and 1.3.14 send Content-Length: 2 and the bytes when a 204 stream writes (hono-wire-
table row c_204_write3, 2026-11-22); RFC 9110 15.3.5 forbids it; Node's client then fails with
HPE_INVALID_CONSTANT.
"""

from firstbyte.reference_server.exchange import ServerExchange
from firstbyte.reference_server.headers import JSON_TYPE, VARY, as_bytes


async def answer(exchange: ServerExchange) -> None:
    """Persists, starts the work, sends the illegal response."""
    exchange.persist()
    exchange.start()
    headers = as_bytes([JSON_TYPE, VARY, (b"Date", exchange.date), (b"Content-Length", b"2")])
    exchange.writer.finish_raw(b"HTTP/1.1 204 No Content\r\n" + headers + b"\r\nok", 204, body_bytes=2)
