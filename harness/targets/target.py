"""The protocols of targets and origins.

A target is a kind of server that scenarios are played against; an origin is one that has been started. With
them the reference server, a product and a user's own server go through the same script and the same judge. A
target must never look at what the client was told, and never leave a process, a port or a file behind.
"""

from pathlib import Path
from typing import Protocol, runtime_checkable

import msgspec

from firstbyte.harness.client.operations import Ids
from firstbyte.harness.client.raw import Request
from firstbyte.harness.model.scenario import Scenario, Send
from firstbyte.harness.model.shape import Shape
from firstbyte.harness.origin.account import Account

LOOPBACK = "127.0.0.1"


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What one run needs of its target. scenario, shape: already scaled. folder: the run's own, which is
    removed afterwards; logs go there as `<role>.log`.
    """

    scenario: Scenario
    folder: Path
    time_scale: float = 1
    shape: Shape | None = None


class Talk(Protocol):
    """How a client talks to an origin. It must not depend on whether there is an edge in between."""

    async def create_session(self, address: tuple[str, int]) -> str:
        """Make a session and return its id. Raises SetupFailed."""

    def request(self, send: Send, *, number: int, session: str, ids: Ids | None) -> Request:
        """Return the request of one send. number: counts from 1. ids: None = the client chooses none."""

    def reading(self, session: str) -> str:
        """Return the path of the GET request with which a careful client reads the session's messages."""

    def holds(self, messages: bytes, intent: str) -> bool:
        """Whether the answer to that request has a user message that contains the intent."""


class Origin(Protocol):
    """A target that is running, or was killed and can be restarted."""

    @property
    def talk(self) -> Talk:
        """How to talk to it."""

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens, on loopback; the same after a restart."""

    @property
    def is_running(self) -> bool:
        """Whether it has been started and not been killed since."""

    @property
    def pids(self) -> tuple[int, ...]:
        """The pids whose scheduling delay makes a run late; () if we started none."""

    @property
    def is_lost(self) -> bool:
        """Whether a process of ours ended unexpectedly. Never true of the subject: its end is its failure."""

    async def account(self) -> Account:
        """Return the truth: durable messages, stages, model calls, and whether the origin is busy.

        Entry.at_us is CLOCK_MONOTONIC (see `clock.monotonic_of_unix`). Entries of requests without a number
        belong to the set-up. Raises OSError if the origin can't be reached.
        """

    async def kill(self) -> None:
        """Kill the server with SIGKILL. Only for targets that don't refuse scenarios with a kill."""

    async def restart(self) -> None:
        """Start it again with the same data and on the same port."""

    async def stop(self) -> None:
        """End all processes. Called exactly once."""


class Target(Protocol):
    """Something to play scenarios against. name: a value of --target. summary: a line for `list targets`.

    is_ours: a traceback in its log is a bug of firstbyte. keeps_scale: its own times are not divided by the
    time scale, so a run that was delayed may not be repeated at another scale.
    """

    name: str
    summary: str
    is_ours: bool
    keeps_scale: bool

    def require(self) -> None:
        """Raise MissingTool, with the command that helps, if it can't run here. Takes milliseconds."""

    def versions(self) -> dict[str, str]:
        """Return the versions for the results, such as {"bun": "1.3.10"}."""

    def refusal(self, scenario: Scenario) -> str:
        """Return why this scenario can't be played, as a clause, or ''. A refused one is not-applicable."""

    def expects(self, scenario: Scenario) -> bool:
        """Whether the scenario's expectations apply. If not, the client must have been told the truth."""

    def play(self, scenario: Scenario) -> Scenario:
        """Return the scenario as it is played here, with the same id. Equal ones are played once."""

    async def start(self, job: Job) -> Origin:
        """Start it with an empty store in the job's folder and wait until it answers. Raises SetupFailed."""


@runtime_checkable
class Installable(Protocol):
    """A target with parts to install: `python -m firstbyte.harness.targets.install NAME` or `make setup`."""

    def install(self) -> None:
        """Install the missing parts. Raises MissingTool, or SetupFailed with the reason."""
