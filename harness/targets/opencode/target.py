"""`opencode@VERSION` for every version that is pinned."""

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
"""What the acts are written for: 100 s become 1.25 s, and the product's own 5 s stay what they are."""

# Two servers at once on a small machine would wait for each other, and that would be measured.
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
        """A pinned program for this platform, in the cache or to be had from npm."""
        require(self.version)

    def install(self) -> None:
        """Get it now instead of at its first use."""
        program_of(self.version)

    def versions(self) -> dict[str, str]:
        """Its own."""
        return {"opencode": self.version, "program-sha256": package_of(self.version).program}

    def refusal(self, scenario: Scenario) -> str:
        """What a product can't be made to do."""
        if isinstance(scenario.origin, ShapeOrigin):
            return "it plays no wire shapes"
        sends = [step for step in scenario.step if isinstance(step, Send)]
        if any(one.operation is Operation.REQUEST for one in sends):
            return "the scenario's request is none of its API"
        if scenario.origin.model.fails:
            return "its model does not fail"
        return ""

    def expects(self, scenario: Scenario) -> bool:
        """The acts are written for it."""
        return isinstance(scenario.origin, ProductOrigin)

    def play(self, scenario: Scenario) -> Scenario:
        """A scenario of the reference server without what only that one has."""
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
        """Fetch it if need be, and start it in the job's folder, one at a time."""
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
    """`opencode@VERSION`. BadInput for a version that is not pinned."""
    if not name.startswith(PREFIX):
        return None
    version = name.removeprefix(PREFIX)
    if version in listed():
        return OpenCodeTarget(version)
    package_of(version)
    return None


def rows() -> Iterator[tuple[str, str]]:
    """Each pinned version."""
    for version in listed():
        target = OpenCodeTarget(version)
        yield target.name, target.summary
