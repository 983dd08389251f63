"""Sends each operation once, a few at a time and no faster than asked, and examines each recording.

It must never send an operation a second time unless that was asked for.
"""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from firstbyte.harness.audit.operations import Operation
from firstbyte.harness.clock import Clock
from firstbyte.harness.model.recording import Recording
from firstbyte.harness.model.units import Duration, as_seconds
from firstbyte.harness.probe.examine import Examined, examine
from firstbyte.harness.probe.record import Target, record
from firstbyte.harness.problems import SetupFailed


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How to send. every: the least time between two requests. jobs: how many may wait for answers at once.

    repeat: how often each operation is sent. patience: how long to listen to one.
    """

    patience: Duration
    every: Duration = Duration(0)
    jobs: int = 4
    repeat: int = 1


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """One operation and what came back, once for each time it was sent."""

    operation: Operation
    recordings: tuple[Recording, ...] = ()
    problem: str = ""


class Audited(msgspec.Struct, frozen=True, kw_only=True):
    """One operation and what its worst answer comes to; None when there is none."""

    operation: Operation
    examined: Examined | None = None
    problem: str = ""
    sent: int = 0


def audited_of(heard: Heard, url: str, edges: Sequence[str]) -> Audited:
    """Examine the recordings of one operation. url: the server's, for what is shown."""
    if not heard.recordings:
        return Audited(operation=heard.operation, problem=heard.problem)
    where = f"{url}{heard.operation.path}"
    found = [examine(where, recording, edges) for recording in heard.recordings]
    return Audited(operation=heard.operation, examined=max(found, key=_badness), sent=len(found))


class Sender:
    """Sends what was chosen. Nothing else is done meanwhile: it would be late for the bytes that come."""

    def __init__(self, target: Target, pace: Pace, clock: Clock, on_done: Callable[[str], None]) -> None:
        self._target = target
        self._pace = pace
        self._clock = clock
        self._on_done = on_done
        self._free = asyncio.Semaphore(pace.jobs)
        self._turn = asyncio.Lock()
        self._next_at = 0.0

    def __repr__(self) -> str:
        return f"<Sender to {self._target.host}:{self._target.port}>"

    async def all(self, operations: Sequence[Operation]) -> tuple[Heard, ...]:
        """Every operation. SetupFailed when the server could not be reached for any of them."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._one(one)) for one in operations]
        heard = tuple(task.result() for task in tasks)
        tried = [one for one in heard if one.operation.question is not None]
        if tried and not any(one.recordings for one in tried):
            raise SetupFailed(tried[0].problem)
        return heard

    async def _one(self, operation: Operation) -> Heard:
        if operation.question is None:
            return Heard(operation=operation, problem=operation.problem)
        recordings: list[Recording] = []
        problem = ""
        async with self._free:
            try:
                for _ in range(self._pace.repeat):
                    await self._wait_for_turn()
                    recordings.append(
                        await record(self._target, operation.question, self._clock, self._pace.patience)
                    )
            except SetupFailed as error:
                problem = str(error)
        self._on_done(operation.label)
        return Heard(operation=operation, recordings=tuple(recordings), problem=problem)

    async def _wait_for_turn(self) -> None:
        async with self._turn:
            loop = asyncio.get_running_loop()
            if loop.time() < self._next_at:
                await asyncio.sleep(self._next_at - loop.time())
            self._next_at = loop.time() + as_seconds(self._pace.every)


def _badness(one: Examined) -> tuple[int, int, int]:
    return len(one.cut_by), len(one.findings), one.wire.end_at
