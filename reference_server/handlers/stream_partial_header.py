"""204 whose status line and headers leave at once, and whose blank line leaves when the prompt is done.

Evidence: Bun 1.3.10 and 1.3.14 with hono 4.10.7 when the stream's callback awaits (hono-wire-table row
b_204_await3, 2026-11-22: first byte 2 ms, header complete 3005 ms). https://github.com/oven-
sh/bun/pull/33660 describes it.
"""

from firstbyte.reference_server.exchange import ServerExchange
from firstbyte.reference_server.headers import JSON_TYPE, VARY, as_bytes


async def answer(exchange: ServerExchange) -> None:
    """Persists, sends a part of the header, does the work, sends the rest."""
    exchange.persist()
    exchange.writer.write_raw(b"HTTP/1.1 204 No Content\r\n" + as_bytes([JSON_TYPE, VARY]))
    await exchange.start()
    rest = as_bytes([(b"Date", exchange.date), (b"Content-Length", b"0")])
    exchange.writer.finish_raw(rest + b"\r\n", 204)
