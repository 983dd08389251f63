"""An asyncio event loop whose clock jumps: when nothing is ready, the next timer is now.

Time is an int of microseconds from 0, so two runs never differ by a rounding. Timers due at the same
microsecond fire in the order they were set, bytes that arrive at that microsecond after them. The loop owns
no file descriptor, reads no clock and starts no thread. It must never let time pass while something is ready,
or run a held or killed host.
"""

import asyncio
import heapq
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextvars import Context
from enum import IntEnum
from typing import Any, Final, NoReturn

from firstbyte.harness.model.units import format_duration
from firstbyte.harness.sim.errors import ForeignIO, Livelock, OutOfTime, SimError, Stalled
from firstbyte.harness.sim.foreign import Refusals

_MILLION: Final = 1_000_000
_COMPACT_FROM: Final = 64


class Rank(IntEnum):
    """Who goes first at one microsecond: a limit beats the byte that would have met it."""

    TIMER = 0
    ARRIVAL = 1


class SimTask(asyncio.Task[Any]):
    """A task that hashes to its number.

    Task groups keep their tasks in a set and cancel them in its order, which follows addresses otherwise.
    """

    __slots__ = ("_serial",)

    def __init__(self, coro: Coroutine[Any, Any, Any], *, serial: int, **options: Any) -> None:
        self._serial = serial
        super().__init__(coro, **options)

    def __hash__(self) -> int:
        return self._serial


class SimLoop(Refusals, asyncio.BaseEventLoop):
    """Runs everything of one simulation.

    `max_virtual` is in microseconds; `max_turns` bounds the turns at one instant.
    """

    _closed: bool
    _ready: deque[asyncio.Handle]
    _stopping: bool
    _thread_id: int | None

    def __init__(self, *, max_virtual: int, max_turns: int) -> None:
        super().__init__()
        self.now = 0
        self.tasks: list[asyncio.Task[Any]] = []
        self.gate: Callable[[asyncio.Handle], bool] | None = None
        self.describe: Callable[[], str] = str
        self.is_ours: Callable[[], bool] = bool
        self.on_jump: Callable[[int], None] | None = None
        self._max_virtual = max_virtual
        self._max_turns = max_turns
        self._turns = 0
        self._timers: list[tuple[int, int, int, asyncio.TimerHandle]] = []
        self._serial = 0
        self._cancelled = 0
        self._made = 0
        self._prune_at = _COMPACT_FROM
        self._verdict: SimError | None = None
        self._last: list[asyncio.Handle] = []
        self._idle: list[asyncio.Future[None]] = []

    # ---- time and timers

    def time(self) -> float:
        """Virtual seconds since the run began."""
        return self.now / _MILLION

    def call_at[*Ts](
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at_us(round(when * _MILLION), callback, *args, context=context)

    def call_later[*Ts](
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at_us(self.now + round(delay * _MILLION), callback, *args, context=context)

    def call_at_us[*Ts](
        self,
        due: int,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
        rank: Rank = Rank.TIMER,
    ) -> asyncio.TimerHandle:
        """Call back at `due` microseconds; what is overdue is due in the next turn."""
        self._check_closed()
        handle = asyncio.TimerHandle(due / _MILLION, callback, args, self, context)
        self._serial += 1
        heapq.heappush(self._timers, (due, rank, self._serial, handle))
        return handle

    def _timer_handle_cancelled(self, _handle: asyncio.TimerHandle) -> None:
        self._cancelled += 1
        if self._cancelled > _COMPACT_FROM and self._cancelled * 2 > len(self._timers):
            self.drop(asyncio.Handle.cancelled)

    def drop(self, is_dropped: Callable[[asyncio.Handle], bool]) -> None:
        """Forget every pending handle that `is_dropped` says is gone, so that it can't make time pass."""
        self._timers[:] = [entry for entry in self._timers if not is_dropped(entry[3])]
        heapq.heapify(self._timers)
        self._cancelled = 0

    def requeue(self, handles: Sequence[asyncio.Handle]) -> None:
        """Put handles that were held back before everything else that is ready."""
        self._ready.extendleft(reversed(handles))

    # ---- running

    def call_soon[*Ts](
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        if self._closed:
            self._check_closed()
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_last[*Ts](self, callback: Callable[[*Ts], object], *args: *Ts) -> asyncio.Handle:
        """Call back when nothing else is left to do at this microsecond."""
        handle = asyncio.Handle(callback, args, self, None)
        self._last.append(handle)
        return handle

    def call_soon_threadsafe[*Ts](
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        if self._thread_id not in (None, threading.get_ident()) and not self.is_ours():
            self.refuse("a callback from another thread (call_soon_threadsafe)")
        return self.call_soon(callback, *args, context=context)

    def create_task(
        self,
        coro: Coroutine[Any, Any, Any],
        *,
        name: object = None,
        **options: Any,
    ) -> asyncio.Task[Any]:
        """As ever, with a name and a hash that do not depend on what the process ran before."""
        self._made += 1
        if name is None:
            name = f"{getattr(coro, '__qualname__', 'task')}-{self._made}"
        if self.get_task_factory() is None:
            task: asyncio.Task[Any] = SimTask(coro, serial=self._made, loop=self, name=str(name), **options)
        else:
            task = super().create_task(coro, name=str(name), **options)
        self.tasks.append(task)
        if len(self.tasks) > self._prune_at:
            self.tasks = [each for each in self.tasks if not each.done()]
            self._prune_at = 2 * len(self.tasks) + _COMPACT_FROM
        return task

    async def settle(self) -> None:
        """Wait until nothing is left to do at this microsecond."""
        waiter = self.create_future()
        self._idle.append(waiter)
        await waiter

    def report_refusal(self, error: ForeignIO) -> None:
        self.fail(error)

    def refuse_to_block(self) -> NoReturn:
        """The loop's own thread waits for something that only another callback could bring."""
        self.refuse("a wait that blocks the event loop")

    def fail(self, error: SimError) -> None:
        """End the run with `error` after this turn, whoever swallows it in between."""
        self._verdict = self._verdict or error

    def _run_once(self) -> None:
        """All turns until the loop is to stop: asyncio asks for no more than that between two of these."""
        ready, timers = self._ready, self._timers
        popleft = ready.popleft
        while True:
            if not ready and not self._stopping:
                self._jump()
            while timers and timers[0][0] <= self.now:
                ready.append(heapq.heappop(timers)[3])
            self._turns += 1
            if self._turns > self._max_turns:
                raise Livelock(
                    self._report(f"{self._max_turns} turns without any time passing; what is busy:")
                )
            for _ in range(len(ready)):
                handle = popleft()
                if not handle._cancelled and (self.gate is None or not self.gate(handle)):
                    handle._run()
            if self._verdict is not None:
                raise self._verdict
            if self._stopping:
                return

    def _jump(self) -> None:
        timers = self._timers
        while timers and timers[0][3].cancelled():
            heapq.heappop(timers)
        is_done = not (timers and timers[0][0] <= self.now)
        if self._last and is_done:
            self._ready.extend(self._last)
            self._last.clear()
            return
        if self._idle and is_done:
            for waiter in self._idle:
                if not waiter.done():
                    waiter.set_result(None)
            self._idle.clear()
            return
        if not timers:
            raise Stalled(self._report("nothing is ready, no timer is armed: this would wait for ever:"))
        due = timers[0][0]
        if due > self._max_virtual:
            limit = format_duration(self._max_virtual)
            raise OutOfTime(
                self._report(f"the next timer is at {due / _MILLION:.6f} s, past max_virtual ({limit}):")
            )
        if due > self.now:
            self.now = due
            self._turns = 0
            if self.on_jump is not None:
                self.on_jump(due)

    def _report(self, what: str) -> str:
        return f"at {self.now / _MILLION:.6f} s virtual: {what}\n{self.describe()}"

    def _process_events(self, _events: object) -> None:
        """There are none: every event of a simulation is a callback."""

    def _check_closed(self) -> None:
        if self.is_closed():
            raise RuntimeError("the simulation has ended: its event loop is closed")
