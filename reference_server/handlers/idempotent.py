"""As no-content, and a message sent again with the same id and part ids changes nothing at all.

Evidence: with the same messageID and part ids 1.2.20 and 1.18.33 keep one message and one answer
(2026-11-22); https://github.com/anomalyco/opencode/pull/46720 retries with the same message id.
"""

from firstbyte.reference_server.exchange import ServerExchange


async def answer(exchange: ServerExchange) -> None:
    """Persists unless already stored, sends 204, starts the work."""
    exchange.persist_once()
    await exchange.reply_no_content()
    exchange.start()
