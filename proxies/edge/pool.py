"""Idle connections of one edge to its upstream, newest first. Whatever happens on an idle one ends it."""

from mitmproxy.connection import Connection
from mitmproxy.proxy import events

from firstbyte.proxies.edge.transport import EdgeTransport, Owner
from firstbyte.proxies.rules.config import MAX_IDLE


class Pool(Owner):
    """The owner of a connection to the origin while no exchange has it. Nothing is written meanwhile."""

    def __init__(self) -> None:
        self._idle: dict[Connection, EdgeTransport] = {}

    def __repr__(self) -> str:
        return f"<Pool {len(self._idle)} idle>"

    def __len__(self) -> int:
        return len(self._idle)

    def park(self, wire: EdgeTransport) -> None:
        """Keep a connection for the next exchange."""
        wire.hand_over(self)
        if len(self._idle) >= MAX_IDLE or not wire.is_usable:
            wire.close()
        else:
            self._idle[wire.connection] = wire

    def take(self) -> EdgeTransport | None:
        """The connection used last, if there is one."""
        while self._idle:
            _, wire = self._idle.popitem()
            if wire.is_usable:
                return wire
        return None

    def close(self) -> None:
        """Close all."""
        for wire in self._idle.values():
            wire.close()
        self._idle.clear()

    def deliver(self, event: events.Event) -> None:
        """Bytes or an end on an idle connection: no request asked for them."""
        if isinstance(event, events.ConnectionEvent):
            wire = self._idle.pop(event.connection, None)
            if wire is not None:
                wire.close()

    def lost(self, wire: EdgeTransport) -> None:
        """An idle connection is gone."""
        self._idle.pop(wire.connection, None)
