"""The fix, but the work blocks the event loop before the 204 leaves.

Evidence: hono-wire-table rows k3_nullbody_block_sync to k5_nullbody_block_10microtasks, 2026-11-22: 0 bytes
for 3.0 s on Bun; the real 1.2.20 and 1.18.33 while another process held the database's write lock: 0 bytes
for 3.05 s.
"""

from firstbyte.reference_server.exchange import ServerExchange


async def answer(exchange: ServerExchange) -> None:
    """Persists, does the work with a blocked event loop, sends 204."""
    exchange.persist()
    await exchange.start(pause=exchange.env.block)
    await exchange.reply_no_content()
