"""Waits until a host of a simulation has come to rest: everything it began has ended.

Virtual time passes while it waits, and costs nothing. What never ends, a loop in the background say, is told
after a stated time.
"""

import asyncio
from collections.abc import Iterable

from firstbyte.harness.model.units import Duration
from firstbyte.harness.sim.hosts import Host, host_of
from firstbyte.harness.sim.run import Sim
from firstbyte.harness.sim.waiting import describe_task

_FIRST_LOOK = 1_000
_LONGEST_LOOK = 60_000_000


class Rest:
    """Whether a host is at rest. What runs when this is made belongs to the host's start and never counts."""

    def __init__(self, sim: Sim, host: Host) -> None:
        self._sim = sim
        self._host = host
        self._services = set(sim.loop.tasks)

    def tasks(self) -> list[asyncio.Task[object]]:
        """Tasks of the host that have not ended, oldest first."""
        return [task for task in self._sim.loop.tasks if not task.done() and self._counts(task)]

    def _counts(self, task: asyncio.Task[object]) -> bool:
        return host_of(task.get_context()) is self._host and task not in self._services

    async def wait(self, most: Duration) -> list[str]:
        """Wait for the host's tasks and for all threads, `most` virtual microseconds. Returns who is left."""
        loop = self._sim.loop
        end, look = loop.now + most, _FIRST_LOOK
        await self._sim.settle()
        while loop.now < end:
            tasks, threads = self.tasks(), self._sim.threads.busy
            if not tasks and not threads:
                return []
            pause = min(look, end - loop.now) / 1e6
            if tasks:
                await asyncio.wait(tasks, timeout=(end - loop.now) / 1e6, return_when=asyncio.ALL_COMPLETED)
            else:
                await asyncio.sleep(pause)
                look = min(2 * look, _LONGEST_LOOK)
            await self._sim.settle()
        return [*_described(self.tasks()), *(f"thread '{each.name}'" for each in self._sim.threads.busy)]


def _described(tasks: Iterable[asyncio.Task[object]]) -> list[str]:
    return [describe_task(task) for task in tasks]
