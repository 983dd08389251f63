"""What all connections of one edge share: its configuration, clock, reporter, and the orders of held mode."""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from mitmproxy.proxy import commands

from firstbyte.harness.clock import Clock
from firstbyte.harness.model.interim import final_interims, interim_action
from firstbyte.harness.model.profile import InterimAction, Profile
from firstbyte.harness.model.timeline import Event
from firstbyte.proxies.edge.record import Record
from firstbyte.proxies.rules.config import EdgeConfig
from firstbyte.proxies.rules.orders import HeldRequests
from firstbyte.proxies.rules.timers import TimerPlan, timer_plan


class Hooks(Protocol):
    """A user's addon, or nobody."""

    def wants(self, name: str) -> bool:
        """Whether anybody listens to this hook; '' asks whether there is an addon at all."""

    async def run(self, hook: commands.StartHook) -> None:
        """Call who listens."""


class NoHooks:
    """Nobody listens."""

    def wants(self, _name: str) -> bool:
        return False

    async def run(self, _hook: commands.StartHook) -> None:
        """Never called: nobody listens."""


@dataclass(slots=True, eq=False)
class SharedEdge:
    """One edge's shared state.

    clock: microseconds since the run began. report: gets every event of Actor.EDGE; None = nobody watches.
    token(n): n characters for ray ids that nobody can guess, or the same ones in each run of a simulation.
    stamp: the time of day, ISO 8601; None = the run's clock from 1970 on, the same in each run. hooks: a
    user's addon. done: gets the record of each finished exchange. keeps_bodies: whether records hold bodies.
    active: how many exchanges are under way.
    """

    config: EdgeConfig
    _: KW_ONLY
    clock: Clock
    report: Callable[[Event], None] | None
    token: Callable[[int], str]
    stamp: Callable[[], str] | None = None
    hooks: Hooks = field(default_factory=NoHooks)
    done: Callable[[Record], None] | None = None
    keeps_bodies: bool = False
    active: int = 0
    held: HeldRequests = field(default_factory=HeldRequests)
    profile: Profile = field(init=False)
    plan: TimerPlan = field(init=False)
    final_interims: frozenset[int] = field(init=False)

    def __post_init__(self) -> None:
        self.profile = self.config.profile
        self.plan = timer_plan(self.profile.timers)
        self.final_interims = final_interims(self.profile.interim)

    def __repr__(self) -> str:
        return f"<SharedEdge {self.profile.id} hop {self.config.hop}, {self.active} requests>"

    def interim_action(self, status: int) -> InterimAction:
        """What this edge does with a 1xx."""
        return interim_action(self.profile.interim, status)

    def timestamp(self) -> str:
        """The time of day for an answer's {timestamp}."""
        if self.stamp is not None:
            return self.stamp()
        moment = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=self.clock.now())
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
