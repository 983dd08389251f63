"""Complete 200 header at once, then no body byte until the model is done.

Evidence: Node and Deno commit the header when the response is returned (hono-wire-table row f_200_write3,
2026-11-22: header complete after 2-3 ms, body after 3.0 s).
"""

from firstbyte.reference_server.documents import encoded
from firstbyte.reference_server.exchange import ServerExchange


async def answer(exchange: ServerExchange) -> None:
    """Persists, sends the header, does the work, sends the body."""
    exchange.persist()
    await exchange.begin_json()
    document = await exchange.start()
    await exchange.body(encoded(document), is_last=True)
