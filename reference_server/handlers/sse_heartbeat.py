"""An event stream at once: a comment every heartbeat interval, the answer as the last event.

Evidence: both real servers keep their event streams alive every 10.0 s (2026-11-22); lines that begin with
a colon are comments (WHATWG HTML, server-sent events).
"""

from firstbyte.reference_server.events import frame
from firstbyte.reference_server.exchange import ServerExchange
from firstbyte.reference_server.headers import event_stream


async def answer(exchange: ServerExchange) -> None:
    """Persists, sends the header, sends comments during the work, sends the event."""
    exchange.persist()
    await exchange.begin(200, event_stream(exchange.config.api, exchange.date))
    await exchange.body(b"", is_last=False)
    job = exchange.start()
    async for _ in exchange.until_done(job):
        await exchange.body(b": still working\n\n", is_last=False)
    await exchange.body(frame(job.result()), is_last=True)
