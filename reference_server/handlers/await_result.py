"""JSON with the whole answer once the model is done, and not a byte before.

Evidence: /command and /shell of 1.2.20 and 1.18.33 (2026-11-22: 3824 and 4388 ms of silence with a model of
3 s); hono-wire-table row i_json_after3.
"""

from firstbyte.reference_server.exchange import ServerExchange


async def answer(exchange: ServerExchange) -> None:
    """Persists, does the work, sends the answer."""
    exchange.persist()
    await exchange.reply_json(await exchange.start())
