"""204 first, durable later, then the work: whoever is told "sent" may have lost the message.

Evidence: 1.18.33 on a cold instance, 2026-11-22: the message was stored 1.9 s after its 204;
https://github.com/anomalyco/opencode/issues/38092 reports it.
"""

from firstbyte.reference_server.exchange import ServerExchange


async def answer(exchange: ServerExchange) -> None:
    """Sends 204, then persists and starts the work after a delay."""
    await exchange.reply_no_content()

    def persist_and_start() -> None:
        exchange.persist()
        exchange.start()

    exchange.later(exchange.config.persist_delay, persist_and_start)
