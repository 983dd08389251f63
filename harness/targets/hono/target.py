"""The Hono application as a target: the handlers of the reference server on a real runtime.

It must never change what the runtime puts on the wire: the edge talks to the runtime itself.
"""

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec

from firstbyte.harness.client.ask import ask
from firstbyte.harness.clock import monotonic_of_unix
from firstbyte.harness.files.loader import decode, read_toml
from firstbyte.harness.model.scenario import Operation, Scenario, Send, ServerOrigin
from firstbyte.harness.model.units import Duration
from firstbyte.harness.origin.account import Account, read_account
from firstbyte.harness.problems import SetupFailed
from firstbyte.harness.process.child import Child
from firstbyte.harness.targets.child_origin import ChildOrigin
from firstbyte.harness.targets.hono.runtime import HERE, RUNTIMES, Runtime
from firstbyte.harness.targets.program import start_program
from firstbyte.harness.targets.talk import SessionTalk
from firstbyte.harness.targets.target import Job, Origin, Talk

APP = "app"
READY = "/_firstbyte/ledger"
LOOKS = 50
"""How often the simulated model checks during its delay whether it should stop."""
QUIET = {"DO_NOT_TRACK": "1", "NO_COLOR": "1", "BUN_RUNTIME_TRANSPILER_CACHE_PATH": "0"}
ONLY_ON_NODE = "interim-102"
_FIXED = {Operation.MESSAGE: "message", Operation.COMMAND: "await-result", Operation.SHELL: "await-result"}


class Kin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row of handlers.toml: how a handler compares with the reference server's."""

    shape: str
    stands_for: str
    like: tuple[str, ...]
    because: str = ""


@cache
def kin() -> dict[str, Kin]:
    """Return the rows of all handlers."""
    path = HERE / "handlers.toml"
    return decode(read_toml(path), dict[str, Kin], path)


class AppSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of app.js, with times in milliseconds. port: where to listen. data: its file."""

    port: int
    data: str
    handler: str
    delay_ms: float
    look_ms: float
    persist_delay_ms: float
    heartbeat_ms: float
    text: str
    fails: str
    on_client_gone: str


class Hono:
    """The application on one runtime."""

    is_ours = False
    keeps_scale = False

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.name = runtime.name
        self.summary = runtime.summary

    def __repr__(self) -> str:
        return f"<Hono {self.name}>"

    def require(self) -> None:
        """Raise MissingTool if the runtime or its packages are missing."""
        self.runtime.program()

    def install(self) -> None:
        """Install the packages. Node itself has to be installed already."""
        self.runtime.installed.install()

    def versions(self) -> dict[str, str]:
        """Return the versions of the runtime and of Hono."""
        return self.runtime.versions()

    def refusal(self, scenario: Scenario) -> str:
        """Refuse wire shapes and the API of 1.18."""
        if not isinstance(scenario.origin, ServerOrigin):
            return "it answers with handlers, not with a scripted wire shape"
        if scenario.origin.api != "1.2":
            return "its API has the 1.2 form only"
        if self.runtime.is_bun and ONLY_ON_NODE in _handlers(scenario):
            return "Bun has no way to send a 1xx answer"
        return ""

    def expects(self, scenario: Scenario) -> bool:
        """Whether each handler of the scenario does here what it does on the reference server."""
        if self.refusal(scenario):
            return False
        return all(self.name in kin()[name].like for name in _handlers(scenario))

    def play(self, scenario: Scenario) -> Scenario:
        """Return the whole scenario."""
        return scenario

    async def start(self, job: Job) -> Origin:
        """Start the application on the runtime, with its data in the job's folder."""
        prepare(self.runtime, job.folder)
        started = HonoOrigin(self.runtime, job)
        await started.restart()
        return started


class HonoOrigin(ChildOrigin):
    """The application, running or killed."""

    def __init__(self, runtime: Runtime, job: Job) -> None:
        self._runtime = runtime
        self._job = job

    @property
    def talk(self) -> Talk:
        """The client of the session API."""
        return SessionTalk()

    async def account(self) -> Account:
        """Read its ledger and convert its Unix times to CLOCK_MONOTONIC."""
        if not self.is_running:
            raise SetupFailed("origin: is not running; the script killed it and asks it something")
        account = read_account((await ask(self.address, "GET", READY)).body)
        offset = monotonic_of_unix()
        return msgspec.structs.replace(
            account,
            events=tuple(msgspec.structs.replace(one, at_us=one.at_us + offset) for one in account.events),
        )

    async def restart(self) -> None:
        """Start it with the same data and on the same port."""
        port = self.address[1]
        self._child = await start_app(self._runtime, self._job.folder, settings_of(self._job), port=port)


def settings_of(job: Job) -> AppSettings:
    """Return the settings for the scenario's origin."""
    origin = job.scenario.origin
    assert isinstance(origin, ServerOrigin)
    return AppSettings(
        port=0,
        data=str(job.folder / "store.jsonl"),
        handler=origin.handler,
        delay_ms=_ms(origin.model.delay),
        look_ms=max(1.0, _ms(origin.model.delay) / LOOKS),
        persist_delay_ms=_ms(origin.persist_delay),
        heartbeat_ms=_ms(origin.heartbeat),
        text=origin.model.text,
        fails=origin.model.fails,
        on_client_gone=origin.on_client_gone,
    )


def prepare(runtime: Runtime, folder: Path) -> None:
    """Copy the application into a run's folder, where its imports find the packages."""
    app = folder / APP
    app.mkdir()
    for source in HERE.glob("*.js"):
        shutil.copy(source, app)
    (app / "package.json").write_text('{"type": "module"}\n')
    (app / "node_modules").symlink_to(runtime.installed.modules)


async def start_app(
    runtime: Runtime, folder: Path, settings: AppSettings, *, port: int = 0, role: str = "origin"
) -> Child:
    """Start the application in a prepared folder and wait until it answers. settings.port is ignored."""
    program = str(runtime.program())

    def command(chosen: int) -> list[str]:
        text = msgspec.json.encode(msgspec.structs.replace(settings, port=chosen)).decode()
        return [program, "app.js", text]

    return await start_program(
        role, command, folder=folder, ready=READY, environment=QUIET, port=port, cwd=folder / APP
    )


def _handlers(scenario: Scenario) -> set[str]:
    """Return the handlers that answer the scenario's sends."""
    own = scenario.origin.handler if isinstance(scenario.origin, ServerOrigin) else ""
    return {
        _FIXED.get(step.operation) or step.handler or own for step in scenario.step if isinstance(step, Send)
    }


def _ms(duration: Duration) -> float:
    return duration / 1_000


@cache
def find(name: str) -> Hono | None:
    """Return the target of the runtime with this name, or None."""
    return next((Hono(one) for one in RUNTIMES if one.name == name), None)


def rows() -> Iterator[tuple[str, str]]:
    """Yield name and summary of each target."""
    for one in RUNTIMES:
        yield one.name, one.summary
