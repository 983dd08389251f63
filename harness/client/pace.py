"""The parts of a body that is sent slowly, and when each is due.

Counted from the first part: what makes one late must not make all that follow later.
"""

import asyncio
from collections.abc import AsyncIterator

from firstbyte.harness.model.units import Duration, as_seconds

PARTS = 10


def due_parts(body: bytes, pace: Duration) -> list[tuple[Duration, bytes]]:
    """Each part with its time after the first; without a pace the whole body at once. Never empty."""
    size = max(1, -(-len(body) // (PARTS if pace else 1)))
    parts = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
    pauses = max(len(parts) - 1, 1)
    return [(Duration(pace * number // pauses), part) for number, part in enumerate(parts)]


async def paced(parts: list[tuple[Duration, bytes]]) -> AsyncIterator[bytes]:
    """Each part but the first, when it is due; the first is sent when this begins."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for due, part in parts[1:]:
        await asyncio.sleep(began + as_seconds(due) - loop.time())
        yield part
