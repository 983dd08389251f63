"""Durable first, then an atomic 204, then the work: the proposed fix.

Evidence: https://github.com/anomalyco/opencode/pull/16181 (2026-03) proposes it; hono-wire-table row
h_204_body_null, 2026-11-22: header complete after 0-1 ms on every runtime.
"""

from firstbyte.reference_server.exchange import ServerExchange


async def answer(exchange: ServerExchange) -> None:
    """Persists, sends 204, starts the work."""
    exchange.persist()
    await exchange.reply_no_content()
    exchange.start()
