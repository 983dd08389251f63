"""One direction of a connection: the bytes the sender's kernel has taken and the receiver has not read.

In order, never lost, never duplicated. It holds a socket buffer's worth and no more, so a receiver that does
not read makes the sender's writes pile up. It must never call the sender from within the sender's own call.
"""

from collections import deque
from contextvars import Context
from enum import Enum
from typing import Final, Protocol

import msgspec

from firstbyte.harness.sim.loop import Rank, SimLoop


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One way from a host to another: latency in microseconds, bytes per read and per socket buffer."""

    latency: int = 0
    segment: int = 262_144
    capacity: int = 65_536


class End(Enum):
    """How a direction ends."""

    FIN = "fin"
    RST = "rst"


class Receiver(Protocol):
    """The reading end of a direction."""

    context: Context

    def is_open(self) -> bool: ...
    def is_reading(self) -> bool: ...
    def on_data(self, data: bytes) -> None: ...
    def on_fin(self) -> None: ...
    def on_reset(self) -> None: ...
    def answer_reset(self) -> None: ...


class Sender(Protocol):
    """The writing end of a direction."""

    context: Context

    def is_backed_up(self) -> bool: ...
    def flush(self) -> None: ...


NOWHERE: Final = Context()


class Pipe:
    """Bytes on their way from `sender` to `receiver`, which are set once both exist."""

    __slots__ = ("_armed", "_flushing", "_link", "_loop", "_queue", "_size", "receiver", "sender")

    receiver: Receiver
    sender: Sender

    def __init__(self, loop: SimLoop, link: Link) -> None:
        self._loop = loop
        self._link = link
        self._queue: deque[tuple[int, bytes | End]] = deque()
        self._size = 0
        self._armed = False
        self._flushing = False

    def room(self) -> int:
        """How many bytes the kernel would take now."""
        return self._link.capacity - self._size

    def unread(self) -> int:
        """How many bytes have arrived and were not read."""
        now = self._loop.now
        return sum(len(item) for due, item in self._queue if due <= now and isinstance(item, bytes))

    def pending(self) -> int:
        """How many bytes were sent and not read, wherever they are."""
        return self._size

    def was_reset(self) -> bool:
        """Whether a RST has arrived that the receiver has not read yet: its next write fails."""
        return bool(self._queue) and self._queue[-1][1] is End.RST and self._queue[-1][0] <= self._loop.now

    def put(self, data: bytes) -> None:
        """Take `data`, which must fit into `room()`."""
        self._size += len(data)
        self._append(data)

    def end(self, how: End) -> None:
        """Close this direction after the bytes in it."""
        self._append(how)

    def _append(self, item: bytes | End) -> None:
        self._queue.append((self._loop.now + self._link.latency, item))
        if not self._armed:
            self.arm()

    def arm(self) -> None:
        """See to it that what is in the pipe is delivered, if the receiver wants it."""
        if self._armed or not self._queue:
            return
        receiver = self.receiver
        if receiver.is_open() and not receiver.is_reading():
            return
        self._armed = True
        # The kernel answers for a socket that is closed, even when its process is frozen or dead.
        context = receiver.context if receiver.is_open() else NOWHERE
        due = self._queue[0][0]
        if due <= self._loop.now:
            self._loop.call_soon(self._deliver, context=context)
        else:
            self._loop.call_at_us(due, self._deliver, context=context, rank=Rank.ARRIVAL)

    def rearm(self) -> None:
        """Arm once more: the host that was to be called back has died."""
        self._armed = False
        self.arm()

    def _deliver(self) -> None:
        self._armed = False
        if not self._queue:
            return
        receiver = self.receiver
        if not receiver.is_open():
            self._bounce()
            return
        if not receiver.is_reading():
            return
        first = self._queue[0][1]
        if first is End.FIN:
            self._queue.popleft()
            receiver.on_fin()
        elif first is End.RST:
            self._queue.clear()
            receiver.on_reset()
        else:
            data = self._take()
            receiver.on_data(data)
            self.wake_sender()
        self.arm()

    def _take(self) -> bytes:
        queue, now, left = self._queue, self._loop.now, self._link.segment
        parts: list[bytes] = []
        while queue and left and queue[0][0] <= now:
            due, item = queue[0]
            if isinstance(item, End):
                break
            queue.popleft()
            if len(item) > left:
                queue.appendleft((due, item[left:]))
                item = item[:left]
            parts.append(item)
            left -= len(item)
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        self._size -= len(data)
        return data

    def _bounce(self) -> None:
        had_bytes = self._size > 0
        self._queue.clear()
        self._size = 0
        if had_bytes:
            self.receiver.answer_reset()

    def wake_sender(self) -> None:
        """Let the sender go on writing in a turn of its own, if it has anything left."""
        if not self._flushing and self.sender.is_backed_up():
            self._flushing = True
            self._loop.call_soon(self._flush, context=self.sender.context)

    def wake_sender_if_room(self) -> None:
        """As `wake_sender`, for bytes that a frozen host could not give to its kernel."""
        if self.room() > 0:
            self.wake_sender()

    def _flush(self) -> None:
        self._flushing = False
        self.sender.flush()
