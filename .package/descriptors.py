"""What a server does when it may open no more files: it says so once, and takes up again what waits.

asyncio itself tries to accept as often as the backlog is long, each second, and tells of every time.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Any, Final

from firstbyte.shortage import is_short, shortage

ACCEPTS: Final = 100
"""What to give asyncio as backlog: so many connections are accepted at once."""
_BACKLOG: Final = 4096
_AGAIN_SECONDS: Final = 60.0


def watch(loop: asyncio.AbstractEventLoop, say: Callable[[str], None]) -> None:
    """Have the loop say it once a minute at most, when it can't accept, and when it is told of it."""
    said = -_AGAIN_SECONDS

    def tell(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        nonlocal said
        if not is_short(context.get("exception")):
            loop.default_exception_handler(context)
        elif loop.time() - said >= _AGAIN_SECONDS:
            said = loop.time()
            say(f"{shortage()}; what comes meanwhile waits")

    loop.set_exception_handler(tell)


def deepen(server: asyncio.Server) -> None:
    """Let more connections wait than are accepted at once: for 3,000 that come together, 100 drop SYNs."""
    for listening in server.sockets:
        with socket.fromfd(listening.fileno(), listening.family, listening.type) as same:
            same.listen(_BACKLOG)
