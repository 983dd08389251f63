"""What a target is: something that can be started behind an edge, spoken to, killed, and asked for the truth.

A target is what the scenarios are played against; an origin is one that is up. They exist so that the
reference server, a product and a stranger's server go through the same script and the same judge. A target
must never look at what the client was told, and never leave a process, a port or a file behind.
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
    """One run's wish. scenario, shape: already scaled. folder: the run's own, removed afterwards; logs go
    there as `<role>.log`.
    """

    scenario: Scenario
    folder: Path
    time_scale: float = 1
    shape: Shape | None = None


class Talk(Protocol):
    """How a client speaks with it. Nothing here may know whether an edge is in between."""

    async def create_session(self, address: tuple[str, int]) -> str:
        """The id of a new session. Raises SetupFailed when there is none."""

    def request(self, send: Send, *, number: int, session: str, ids: Ids | None) -> Request:
        """The request of one send. number: the harness' own, from 1. ids: None = the client chooses none."""

    def reading(self, session: str) -> str:
        """The path of the GET with which a careful client reads the session's messages."""

    def holds(self, messages: bytes, intent: str) -> bool:
        """Whether the answer to that GET has a user message with this text."""


class Origin(Protocol):
    """A target that is up, or was killed and can be restarted."""

    @property
    def talk(self) -> Talk:
        """How to speak to it."""

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens, on loopback; the same after a restart."""

    @property
    def is_running(self) -> bool:
        """It has been started and not killed since."""

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes whose waiting for a processor makes a run late; () when there are none of ours."""

    @property
    def is_lost(self) -> bool:
        """A process of ours has ended that nobody here has ended. Never true of the subject: its end is its
        failure.
        """

    async def account(self) -> Account:
        """The truth: durable messages, stages, model calls, and whether it is busy. Entry.at_us is
        CLOCK_MONOTONIC (see `clock.monotonic_of_unix`); rows of requests without a number are set-up.
        Raises OSError when it can't be asked.
        """

    async def kill(self) -> None:
        """kill -9 of whatever answers; only for a target that refuses no scenario with a kill in it."""

    async def restart(self) -> None:
        """On the same data and port."""

    async def stop(self) -> None:
        """End all of it. Called once, whatever happened before."""


class Target(Protocol):
    """One thing to run scenarios against. name: what --target takes. summary: one line for `list targets`.

    is_ours: a traceback in its log is a bug of firstbyte. keeps_scale: its own times are not divided by the
    time scale, so a run that the machine held up may not be repeated at another one.
    """

    name: str
    summary: str
    is_ours: bool
    keeps_scale: bool

    def require(self) -> None:
        """Raise MissingTool, with the command that cures it, when this machine can't run it. Costs
        milliseconds.
        """

    def versions(self) -> dict[str, str]:
        """What is run, by name, such as {"bun": "1.3.10"}: it stands in every result."""

    def refusal(self, scenario: Scenario) -> str:
        """Why this scenario can't be played on it, as a clause; '' when it can. A refused scenario is
        not-applicable.
        """

    def expects(self, scenario: Scenario) -> bool:
        """Whether the scenario's expectations are meant for it. If not, the claim decides: the client must
        have been told the truth.
        """

    def play(self, scenario: Scenario) -> Scenario:
        """What is left of a scenario on it: two that are left the same are played once. Keeps the id."""

    async def start(self, job: Job) -> Origin:
        """Start it, with a fresh store in the job's folder; return when it answers. Raises SetupFailed."""


@runtime_checkable
class Installable(Protocol):
    """A target whose parts have to be got first. `python -m firstbyte.harness.targets.install NAME` does it,
    and so does `make setup`.
    """

    def install(self) -> None:
        """Get them; nothing to do when they are there. Raises MissingTool, or SetupFailed with the reason."""
