"""What all connections of one edge share: its configuration, clock, reporter, and the orders of held mode."""

from collections.abc import Callable
from typing import Protocol

from mitmproxy.proxy import commands

from firstbyte.harness.clock import Clock
from firstbyte.harness.model.interim import final_interims, interim_action
from firstbyte.harness.model.profile import InterimAction
from firstbyte.harness.model.timeline import Actor, Event, Kind
from firstbyte.proxies.edge.record import Record
from firstbyte.proxies.rules.config import EdgeConfig
from firstbyte.proxies.rules.orders import HeldRequests
from firstbyte.proxies.rules.timers import timer_plan


class Hooks(Protocol):
    """A user's addon, or nobody."""

    def wants(self, name: str) -> bool:
        """Whether anybody listens to this hook; '' asks whether there is an addon at all."""
        ...

    async def run(self, hook: commands.StartHook) -> None:
        """Call who listens."""
        ...


class NoHooks:
    """Nobody listens."""

    def wants(self, _name: str) -> bool:
        return False

    async def run(self, _hook: commands.StartHook) -> None:
        """Never called: nobody listens."""


class SharedEdge:
    """One edge's shared state.

    token(n): n characters nobody can guess, or the same ones in each run of a simulation.
    stamp: the time of day for an answer's {timestamp}, ISO 8601. report: gets each event; None = nobody
    watches.
    """

    def __init__(
        self,
        config: EdgeConfig,
        *,
        clock: Clock,
        report: Callable[[Event], None] | None,
        token: Callable[[int], str],
        stamp: Callable[[], str],
        hooks: Hooks,
        done: Callable[[Record], None] | None = None,
        keeps_bodies: bool = False,
    ) -> None:
        self.config = config
        self.clock = clock
        self.token = token
        self.stamp = stamp
        self.hooks = hooks
        self.plan = timer_plan(config.profile.timers)
        self.held = HeldRequests()
        self.active = 0
        self.keeps_bodies = keeps_bodies
        self._done = done
        self._report = report
        self.is_watched = report is not None
        self.final_interims = final_interims(config.profile.interim)

    def __repr__(self) -> str:
        return f"<SharedEdge {self.config.profile.id} hop {self.config.hop}, {self.active} requests>"

    def report(self, kind: Kind, request: int, at: int, **data: str | int | bool) -> None:
        """Report what the edge saw or did."""
        if self._report is not None:
            data = {"hop": self.config.hop, **data}
            self._report(Event(at=at, actor=Actor.EDGE, kind=kind, request=request, data=data))

    def done(self, record: Record) -> None:
        """An exchange is over."""
        if self._done is not None:
            self._done(record)

    def interim_action(self, status: int) -> InterimAction:
        """What this edge does with a 1xx."""
        return interim_action(self.config.profile.interim, status)
