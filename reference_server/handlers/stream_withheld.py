"""204 as a stream with nothing on the wire until the prompt is done: the symptom as reported.

Evidence: https://github.com/anomalyco/opencode/issues/16180 describes it (2026-03). No runtime measured
does quite this for a 204 stream; the nearest is a handler that awaits before it answers (hono-wire-table
row i2_204_after3, 2026-11-22: 0 bytes for 3.0 s on Bun, Node and Deno).
"""

from firstbyte.reference_server.exchange import ServerExchange


async def answer(exchange: ServerExchange) -> None:
    """Persists, does the work, sends 204."""
    exchange.persist()
    await exchange.start()
    await exchange.reply_no_content()
