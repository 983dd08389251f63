"""102 Processing every heartbeat interval, then the final 204.

Evidence: RFC 2518 10.1 made 102 for this, RFC 9110 15.2 lets a client get any number of 1xx before the
final response; whether an edge counts them is what the experiment shows.
"""

from firstbyte.reference_server.exchange import ServerExchange


async def answer(exchange: ServerExchange) -> None:
    """Persists, sends interim responses during the work, sends 204."""
    exchange.persist()
    job = exchange.start()
    async for _ in exchange.until_done(job):
        exchange.writer.interim(102)
    await exchange.reply_no_content()
