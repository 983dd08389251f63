"""Splits a body that is sent slowly into parts, and says when each part is due.

The times count from the first part, so that one late part doesn't delay the following ones.
"""

import asyncio
from collections.abc import AsyncIterator

from firstbyte.harness.model.units import Duration, as_seconds

PARTS = 10


def due_parts(body: bytes, pace: Duration) -> list[tuple[Duration, bytes]]:
    """Return each part with its time after the first. Without a pace the whole body is one part."""
    size = max(1, -(-len(body) // (PARTS if pace else 1)))
    parts = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
    pauses = max(len(parts) - 1, 1)
    return [(Duration(pace * number // pauses), part) for number, part in enumerate(parts)]


async def paced(parts: list[tuple[Duration, bytes]]) -> AsyncIterator[bytes]:
    """Yield each part except the first when it is due. The first is sent when this starts."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for due, part in parts[1:]:
        await asyncio.sleep(began + as_seconds(due) - loop.time())
        yield part
