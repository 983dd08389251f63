"""Idle connections of one edge to its upstream, newest first. Whatever happens on an idle one ends it."""

from mitmproxy.proxy import events

from firstbyte.proxies.wire import Wire


class Pool:
    """The owner of a wire while no exchange has it."""

    def __init__(self, size: int = 64) -> None:
        self._idle: list[Wire] = []
        self._size = size

    def __repr__(self) -> str:
        return f"<Pool {len(self._idle)} idle>"

    def __len__(self) -> int:
        return len(self._idle)

    def park(self, wire: Wire) -> None:
        """Keep a connection for the next exchange."""
        wire.hand_over(self)
        if len(self._idle) >= self._size or not wire.is_usable:
            wire.close()
        else:
            self._idle.append(wire)

    def take(self) -> Wire | None:
        """The connection used last, if there is one."""
        while self._idle:
            wire = self._idle.pop()
            if wire.is_usable:
                return wire
        return None

    def close(self) -> None:
        """Close all."""
        for wire in self._idle:
            wire.close()
        self._idle.clear()

    def made(self, wire: Wire) -> None:
        """Never: a wire is connected before it comes here."""

    def deliver(self, event: events.Event) -> None:
        """Bytes or an end on an idle connection: no request asked for them."""
        if isinstance(event, events.ConnectionEvent):
            for wire in self._idle:
                if wire.connection is event.connection:
                    self._idle.remove(wire)
                    wire.close()
                    return

    def lost(self, wire: Wire) -> None:
        """An idle connection is gone."""
        if wire in self._idle:
            self._idle.remove(wire)

    def is_full(self, wire: Wire, full: bool) -> None:
        """Nothing is written while idle."""

    def has_moved(self, wire: Wire) -> None:
        """Nothing is written while idle."""
