"""What a scenario's script plays on: an origin, perhaps edges, a clock, and a place to report events to.

There are two stages: virtual time in one event loop, and processes on loopback. The script can't tell them
apart.
"""

from typing import Protocol

from firstbyte.harness.clock import Clock
from firstbyte.harness.model.scenario import Scenario
from firstbyte.harness.model.timeline import Event, Timeline
from firstbyte.harness.model.units import Duration
from firstbyte.harness.origin.account import Account
from firstbyte.harness.targets.target import Talk


class RunStage(Protocol):
    """front: where the client connects. back: the origin itself. scenario: with the times that are played."""

    front: tuple[str, int]
    back: tuple[str, int]
    scenario: Scenario

    @property
    def talk(self) -> Talk:
        """How to speak to the origin."""

    @property
    def clock(self) -> Clock:
        """The run's time."""

    def token(self, length: int, /) -> str:
        """Base62 characters for ids."""

    def wall_ms(self) -> int:
        """Unix milliseconds."""

    def report(self, event: Event) -> None:
        """Take an event of client, edge or script."""

    def timeline(self, account: Account) -> Timeline:
        """The events reported so far and those of the origin, on one time axis."""

    async def create_session(self) -> str:
        """Make a session at the origin itself and return its id. Raises SetupFailed when that fails."""

    async def pause(self, duration: Duration) -> None:
        """Wait that long on the scenario's clock."""

    async def account(self) -> Account:
        """Ask the origin directly for its account. Raises OSError when it can't be asked."""

    async def settle(self, most: Duration) -> None:
        """Return when the origin is idle, or after `most`."""

    async def kill_origin(self) -> None:
        """kill -9."""

    async def restart_origin(self) -> None:
        """Start it again on the same data and the same port."""

    def is_origin_up(self) -> bool:
        """It has been started and not killed since."""
