"""Ports for programs that must be told theirs."""

import itertools
import os
import socket
from contextlib import ExitStack

from firstbyte.harness.problems import SetupFailed

LOOPBACK = "127.0.0.1"
_FIRST_PORT, _LAST_PORT = 20_000, 32_000  # below those the kernel gives to clients
# Runs beside this one begin elsewhere, and so does each program of this one.
_starts = itertools.count(os.getpid() * 607, 211)


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on now, of those that no client gets by chance."""
    found: list[int] = []
    start = next(_starts) % (_LAST_PORT - _FIRST_PORT)
    with ExitStack() as held:
        for offset in range(_LAST_PORT - _FIRST_PORT):
            port = _FIRST_PORT + (start + offset) % (_LAST_PORT - _FIRST_PORT)
            probe = held.enter_context(socket.socket())
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            found.append(port)
            if len(found) == count:
                return found
    raise SetupFailed(f"no {count} free ports from {_FIRST_PORT} to {_LAST_PORT} on {LOOPBACK}")
