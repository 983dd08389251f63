"""The alarms of one client connection: each stream is woken once, at the time it has asked for last."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from firstbyte.proxies.edge.shared import SharedEdge
from firstbyte.proxies.http.signals import AlarmRang, SetAlarm
from firstbyte.proxies.rules.config import CATCH_UP_TURNS

if TYPE_CHECKING:
    from firstbyte.harness.sim.loop import SimLoop

type Ring = Callable[[AlarmRang], None]

#: Seconds an alarm may be late before the loop is let catch up: the machine or a long callback held it up.
LATE = 0.002


@dataclass(slots=True, eq=False)
class Alarms:
    """By stream. At a tie with bytes that are there already, an alarm rings last."""

    _edge: SharedEdge
    _handles: dict[int, asyncio.Handle] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Alarms {len(self._handles)} set>"

    def __len__(self) -> int:
        return len(self._handles)

    def set(self, command: SetAlarm, ring: Ring) -> None:
        """Set, move or cancel a stream's alarm. ring: called when its time has come."""
        old = self._handles.pop(command.stream_id, None)
        if old is not None:
            old.cancel()
        if command.at is not None:
            loop = asyncio.get_running_loop()
            wait = max(0, command.at - self._edge.clock.now()) / 1_000_000
            due = loop.time() + wait
            self._handles[command.stream_id] = loop.call_at(due, self._come, command.stream_id, due, ring)

    def cancel(self) -> None:
        """Cancel all."""
        for handle in self._handles.values():
            handle.cancel()
        self._handles.clear()

    def _come(self, stream_id: int, due: float, ring: Ring) -> None:
        loop = asyncio.get_running_loop()
        if self._edge.config.is_virtual:
            self._handles[stream_id] = cast("SimLoop", loop).call_last(self._ring, stream_id, 0, ring)
        else:
            self._ring(stream_id, CATCH_UP_TURNS if loop.time() - due > LATE else 0, ring)

    def _ring(self, stream_id: int, turns: int, ring: Ring) -> None:
        if turns:
            loop = asyncio.get_running_loop()
            self._handles[stream_id] = loop.call_soon(self._ring, stream_id, turns - 1, ring)
            return
        del self._handles[stream_id]
        ring(AlarmRang(stream_id))
