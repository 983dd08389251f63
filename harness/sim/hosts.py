"""The machines of a simulation: what runs on them, and how they freeze and die.

Plain asyncio code does not say on which machine it runs, so a context variable does: tasks and callbacks
inherit it. The loop asks `gate` before each callback once a host has been frozen or killed: a frozen host's
callbacks wait, a killed host's never run. So a dead host runs no `finally`, commits and sends nothing, as
after kill -9. It must never stop code in the middle of a callback: that is why a host stops itself with an
`await`.
"""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar
from enum import Enum
from typing import Any, NoReturn, Protocol

from firstbyte.harness.model.units import Duration, as_seconds
from firstbyte.harness.sim.errors import SimError
from firstbyte.harness.sim.loop import SimLoop


class HostState(Enum):
    RUNNING = "running"
    FROZEN = "frozen"
    DEAD = "dead"


class Socketed(Protocol):
    """A transport or a listener, as the host's kernel sees it."""

    def kernel_close(self) -> None:
        """The process is gone: tell the peer what a kernel tells it."""


class Host:
    """One process on one machine: a name, an address, its tasks and its sockets."""

    def __init__(self, name: str, address: str, loop: SimLoop) -> None:
        self.name = name
        self.address = address
        self.state = HostState.RUNNING
        self.sockets: dict[Socketed, None] = {}
        self._loop = loop
        self._held: list[asyncio.Handle] = []
        self._frozen_until = 0

    def __repr__(self) -> str:
        until = f" until {as_seconds(self._frozen_until):g}s" if self.state is HostState.FROZEN else ""
        return f"<Host {self.name} {self.address} {self.state.value}{until}>"

    def context(self) -> Context:
        """A copy of the caller's context whose code runs on this host."""
        context = contextvars.copy_context()
        context.run(HOST.set, self)
        return context

    def start[T](self, coro: Coroutine[Any, Any, T], *, name: str | None = None) -> asyncio.Task[T]:
        """Run `coro` on this host, in a task that dies with it."""
        if self.state is HostState.DEAD:
            coro.close()
            raise SimError(f"host {self.name} is dead and starts nothing; ask the network for a new one")
        return self._loop.create_task(coro, name=name, context=self.context())

    def freeze(self, duration: Duration) -> None:
        """Block this host's event loop for `duration`: no read, write, accept or timer until then.

        Bytes its kernel has already taken still reach the peer; connections to it are still completed by its
        kernel.
        """
        until = self._loop.now + duration
        if self.state is HostState.DEAD or until <= self._frozen_until:
            return
        self._frozen_until = until
        self.state = HostState.FROZEN
        self._loop.gate = gate
        self._loop.call_at_us(until, self._thaw, context=Context())

    async def block(self, duration: Duration) -> None:
        """What `time.sleep` in a handler does: freeze this host, and go on when it thaws."""
        self.freeze(duration)
        await asyncio.sleep(0)

    def _thaw(self) -> None:
        if self.state is not HostState.FROZEN or self._loop.now < self._frozen_until:
            return
        self.state = HostState.RUNNING
        held, self._held = self._held, []
        self._loop.requeue(held)

    def kill(self, on_kill: Callable[[], None] | None = None) -> None:
        """kill -9 from outside: nothing of this host runs again, its ports refuse, its peers get FIN or RST.

        `on_kill` is called first, to cut what outlives the process, such as a database connection.
        """
        if current_host() is self:
            raise SimError(f"host {self.name} can't go on after its own death; use 'await host.crash()'")
        self._die(on_kill)

    async def crash(self, on_kill: Callable[[], None] | None = None) -> NoReturn:
        """kill -9 from inside: the code that awaits this never goes on."""
        self._die(on_kill)
        await self._loop.create_future()
        raise AssertionError(f"host {self.name} is dead and went on")

    def _die(self, on_kill: Callable[[], None] | None) -> None:
        if self.state is HostState.DEAD:
            return
        if on_kill is not None:
            on_kill()
        self.state = HostState.DEAD
        self._held.clear()
        self._loop.gate = gate
        self._loop.drop(_is_dead)
        sockets, self.sockets = self.sockets, {}
        for each in sockets:
            each.kernel_close()


HOST: ContextVar[Host] = ContextVar("firstbyte_sim_host")


def current_host() -> Host | None:
    """The host whose code is running, None below all hosts."""
    return HOST.get(None)


def host_of(context: Context) -> Host | None:
    """The host whose code runs in `context`."""
    return context.get(HOST)


def gate(handle: asyncio.Handle) -> bool:
    """Whether the callback must not run now: a frozen host's waits for the thaw, a dead one's is dropped."""
    host = host_of(handle._context)  # type: ignore[attr-defined]  # Handle.get_context is missing from the stubs
    if host is None or host.state is HostState.RUNNING:
        return False
    if host.state is HostState.FROZEN:
        host._held.append(handle)
    return True


def _is_dead(handle: asyncio.Handle) -> bool:
    if handle.cancelled():
        return True
    host = host_of(handle._context)  # type: ignore[attr-defined]  # Handle.get_context is missing from the stubs
    return host is not None and host.state is HostState.DEAD
