"""What is still to happen in a predicted exchange, in order of time.

Entries of the same microsecond keep the order in which they were added.
"""

from enum import Enum, auto
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple

from firstbyte.harness.model.recording import Answered, Finish, Recording


class Happens(Enum):
    """What can happen."""

    UPLOAD = auto()
    UPLOAD_ENDED = auto()
    CONNECTED = auto()
    READ = auto()
    CLOSED = auto()
    STOPPED = auto()  # the recording ends here; what would have come later is not known


class Entry(NamedTuple):
    """One thing that will happen. attempt: the request to the origin it belongs to; 0 = the client's own."""

    at: int
    order: int
    attempt: int
    what: Happens
    data: bytes = b""
    size: int = 0
    finish: Finish = Finish.KEPT


class Agenda:
    """A queue of entries."""

    def __init__(self) -> None:
        self._heap: list[Entry] = []
        self._order = count()

    def __repr__(self) -> str:
        return f"<Agenda {len(self._heap)} to come>"

    def add(self, at: int, what: Happens, attempt: int = 0, *, size: int = 0) -> None:
        """Add something that has no bytes."""
        heappush(self._heap, Entry(at, next(self._order), attempt, what, size=size))

    def add_answer(self, answer: Answered, offset: int, attempt: int) -> None:
        """Add all that comes back, `offset` later than it was recorded."""
        for part in answer.parts:
            heappush(
                self._heap,
                Entry(part.at + offset, next(self._order), attempt, Happens.READ, data=part.data),
            )
        if answer.finish is Finish.KEPT:
            return
        what = Happens.STOPPED if answer.finish is Finish.OPEN else Happens.CLOSED
        at = answer.finished_at + offset
        heappush(self._heap, Entry(at, next(self._order), attempt, what, finish=answer.finish))

    @property
    def next_at(self) -> int | None:
        """When the next thing happens."""
        return self._heap[0].at if self._heap else None

    def pop(self) -> Entry:
        """Remove and return what happens next."""
        return heappop(self._heap)


def begins_before_upload_ends(recording: Recording, answer: Answered) -> bool:
    """Whether the origin answered before it had the whole request."""
    first = answer.parts[0].at if answer.parts else answer.finished_at
    return first < recording.sent_at
