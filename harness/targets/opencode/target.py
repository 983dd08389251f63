"""The targets `opencode@VERSION`, one for each pinned version."""

import asyncio
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from weakref import WeakKeyDictionary

import msgspec

from firstbyte.harness.model.scenario import (
    Operation,
    ProductOrigin,
    Scenario,
    Send,
    ServerOrigin,
    ShapeOrigin,
)
from firstbyte.harness.targets.opencode.origin import OpenCode
from firstbyte.harness.targets.opencode.packages import listed, package_of, program_of, require
from firstbyte.harness.targets.target import Job, Origin

PREFIX = "opencode@"
ACTS = Path(__file__).with_name("acts.toml")
TIME_SCALE = 80.0
"""The scale that the acts are written for: 100 s become 1.25 s; the product's own 5 s stay 5 s."""

# On a small machine two servers at once would slow each other down, and that would be measured.
_turns: "WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock]" = WeakKeyDictionary()


class OpenCodeTarget:
    """One version."""

    is_ours = False
    keeps_scale = True
    suite = str(ACTS)
    time_scale = TIME_SCALE

    def __init__(self, version: str) -> None:
        self.version = version
        self.name = PREFIX + version
        self.summary = f"OpenCode {version} from npm, with a scripted model"

    def __repr__(self) -> str:
        return f"<OpenCodeTarget {self.version}>"

    def require(self) -> None:
        """Raise MissingTool if there is no program for this platform."""
        require(self.version)

    def install(self) -> None:
        """Get the program now instead of at its first use."""
        program_of(self.version)

    def versions(self) -> dict[str, str]:
        """Return its version and the hash of its program."""
        return {"opencode": self.version, "program-sha256": package_of(self.version).program}

    def refusal(self, scenario: Scenario) -> str:
        """Refuse what a product can't be made to do."""
        if isinstance(scenario.origin, ShapeOrigin):
            return "it plays no wire shapes"
        sends = [step for step in scenario.step if isinstance(step, Send)]
        if any(one.operation is Operation.REQUEST for one in sends):
            return "the scenario's request is none of its API"
        if scenario.origin.model.fails:
            return "its model does not fail"
        return ""

    def expects(self, scenario: Scenario) -> bool:
        """Only the acts are written for it."""
        return isinstance(scenario.origin, ProductOrigin)

    def play(self, scenario: Scenario) -> Scenario:
        """Return the scenario without what only the reference server has."""
        if not isinstance(scenario.origin, ServerOrigin):
            return scenario
        steps = tuple(
            msgspec.structs.replace(step, handler="") if isinstance(step, Send) else step
            for step in scenario.step
        )
        return msgspec.structs.replace(
            scenario, origin=ProductOrigin(model=scenario.origin.model), step=steps
        )

    async def start(self, job: Job) -> Origin:
        """Fetch the program if necessary and start it in the job's folder. One server runs at a time."""
        program = await asyncio.to_thread(program_of, self.version)
        origin = self.play(job.scenario).origin
        assert isinstance(origin, ProductOrigin)
        turn = _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())
        await turn.acquire()
        server = OpenCode(program, origin, job.folder, turn.release)
        try:
            await server.start()
        except BaseException:
            await server.stop()
            raise
        return server


@cache
def find(name: str) -> OpenCodeTarget | None:
    """Return the target of `opencode@VERSION`. Raises BadInput for a version that is not pinned."""
    if not name.startswith(PREFIX):
        return None
    version = name.removeprefix(PREFIX)
    if version in listed():
        return OpenCodeTarget(version)
    package_of(version)
    return None


def rows() -> Iterator[tuple[str, str]]:
    """Yield name and summary of each pinned version."""
    for version in listed():
        target = OpenCodeTarget(version)
        yield target.name, target.summary
