"""202 at once with a Location that says how far the prompt is.

Evidence: RFC 9110 15.3.3 (202 ought to point to a status monitor); hono-wire-table row h2_202_json,
2026-11-22: header complete after 1-3 ms on every runtime.
"""

from urllib.parse import quote

from firstbyte.reference_server.exchange import ServerExchange


async def answer(exchange: ServerExchange) -> None:
    """Persists, starts the work, sends 202 with the URL of the status."""
    exchange.persist()
    exchange.start()
    ticket = exchange.ticket
    location = f"/session/{quote(ticket.session)}/prompt/{quote(ticket.message)}"
    document = {"id": ticket.message, "sessionID": ticket.session, "status": "running"}
    await exchange.reply_json(document, 202, ((b"Location", location.encode()),))
