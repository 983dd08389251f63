"""200 at once, a space every heartbeat interval, then the JSON answer: leading white space is legal JSON.

Evidence: a space sent first completes the header on Bun, Node and Deno (facts of 2026-11-22, row "200
stream, write(' ') then 3 s"); RFC 8259 section 2 allows white space before the value.
"""

from firstbyte.reference_server.documents import encoded
from firstbyte.reference_server.exchange import ServerExchange


async def answer(exchange: ServerExchange) -> None:
    """Persists, sends the header, sends spaces during the work, sends the body."""
    exchange.persist()
    await exchange.begin_json()
    job = exchange.start()
    async for _ in exchange.until_done(job):
        await exchange.body(b" ", is_last=False)
    await exchange.body(encoded(job.result()), is_last=True)
