"""Says who waits for what: the text of a stalled simulation.

It reads the frames of suspended coroutines. It must never run or change what it describes.
"""

import asyncio
from collections.abc import Iterable, Iterator
from types import FrameType
from typing import Any, Final

from firstbyte.harness.sim.foreign import is_plumbing
from firstbyte.harness.sim.hosts import HostState, host_of
from firstbyte.harness.sim.transport import MemoryTransport

_NEXT: Final = ("cr_await", "gi_yieldfrom", "ag_await")
_FRAME: Final = ("cr_frame", "gi_frame", "ag_frame")


def describe_waits(tasks: Iterable[asyncio.Task[Any]], transports: Iterable[MemoryTransport]) -> str:
    """One line for each unfinished task, one for each open end of a connection."""
    lines = [f"  {describe_task(task)}" for task in tasks if not task.done()]
    lines += [f"  open: {transport!r}" for transport in transports]
    return "\n".join(lines) or "  no task is left"


def describe_task(task: asyncio.Task[Any]) -> str:
    """Who the task is, where it stands, what it waits for."""
    host = host_of(task.get_context())
    where = "no host" if host is None else host.name
    if host is not None and host.state is not HostState.RUNNING:
        where += f" ({host.state.value})"
    frames = list(_frames(task.get_coro()))
    mine = [frame for frame in frames if not is_plumbing(frame)]
    at = _place(mine[-1]) if mine else "its start"
    return f"{where}: task '{task.get_name()}' in {at} waits for {_awaited(task, frames)}"


def _frames(coroutine: object) -> Iterator[FrameType]:
    while coroutine is not None:
        for name in _FRAME:
            frame = getattr(coroutine, name, None)
            if frame is not None:
                yield frame
        found = [getattr(coroutine, name, None) for name in _NEXT]
        coroutine = next((each for each in found if each is not None), None)


def _place(frame: FrameType) -> str:
    return f"{frame.f_code.co_qualname} ({frame.f_code.co_filename}:{frame.f_lineno})"


def _awaited(task: asyncio.Task[Any], frames: list[FrameType]) -> str:
    for frame in reversed(frames):
        found = _known_wait(frame)
        if found is not None:
            return found
    return _future(getattr(task, "_fut_waiter", None))


def _known_wait(frame: FrameType) -> str | None:
    module, name = frame.f_globals.get("__name__"), frame.f_code.co_qualname
    owner = frame.f_locals.get("self")
    if name == "StreamReader._wait_for_data":
        return f"bytes on {_transport(owner)}"
    if name == "FlowControlMixin._drain_helper":
        return f"room to write on {_transport(owner)}"
    if module == "asyncio.tasks" and name == "sleep":
        return f"a sleep of {frame.f_locals.get('delay')} s"
    if module in ("asyncio.locks", "asyncio.queues") and owner is not None:
        return f"{name} of {type(owner).__name__}"
    if module == "asyncio.taskgroups" and owner is not None:
        return "its task group: " + ", ".join(sorted(f"'{each.get_name()}'" for each in owner._tasks))
    if name == "Network.connect" and frame.f_locals.get("host") is not None:
        return f"a connection to {frame.f_locals['host']}:{frame.f_locals['port']}"
    if name.startswith("MemoryServer."):
        return f"{name.removeprefix('MemoryServer.')} of {owner!r}"
    return None


def _transport(owner: object) -> str:
    transport = getattr(owner, "_transport", None)
    return repr(transport) if isinstance(transport, MemoryTransport) else repr(owner)


def _future(waiter: object) -> str:
    if isinstance(waiter, asyncio.Task):
        return f"task '{waiter.get_name()}'"
    children = getattr(waiter, "_children", None)
    if children:
        return "all of " + ", ".join(_future(each) for each in children if not each.done())
    return "nothing: it is ready to run" if waiter is None else "a future that nobody has resolved"
