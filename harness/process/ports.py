"""Free ports for programs that can't choose one themselves."""

import itertools
import os
import socket
from contextlib import ExitStack

from firstbyte.harness.problems import SetupFailed

LOOPBACK = "127.0.0.1"
_FIRST_PORT, _LAST_PORT = 20_000, 32_000  # below those that the kernel assigns to clients
# Each process, and each call in it, starts its search elsewhere.
_starts = itertools.count(os.getpid() * 607, 211)


def free_ports(count: int) -> list[int]:
    """Ports that are free now, from a range that the kernel never assigns to clients."""
    free: list[int] = []
    start = next(_starts) % (_LAST_PORT - _FIRST_PORT)
    with ExitStack() as held:
        for offset in range(_LAST_PORT - _FIRST_PORT):
            port = _FIRST_PORT + (start + offset) % (_LAST_PORT - _FIRST_PORT)
            probe = held.enter_context(socket.socket())
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            free.append(port)
            if len(free) == count:
                return free
    raise SetupFailed(f"no {count} free ports from {_FIRST_PORT} to {_LAST_PORT} on {LOOPBACK}")
