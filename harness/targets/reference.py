"""The reference server as a target. It also plays the scripted wire shapes, which no other target does.

It must never know what a scenario expects.
"""

from pathlib import Path

import msgspec

from firstbyte.harness.client.ask import ask
from firstbyte.harness.model.scenario import ProductOrigin, Scenario, ServerOrigin
from firstbyte.harness.model.shape import Shape
from firstbyte.harness.model.units import format_duration
from firstbyte.harness.origin.account import Account, read_account
from firstbyte.harness.problems import SetupFailed
from firstbyte.harness.process.child import start_child
from firstbyte.harness.targets.child_origin import ChildOrigin
from firstbyte.harness.targets.talk import SessionTalk
from firstbyte.harness.targets.target import LOOPBACK, Job, Origin, Talk

NAME = "reference"


class ReferenceServer:
    """The reference server."""

    name = NAME
    summary = "the reference session server of firstbyte"
    is_ours = True
    keeps_scale = False

    def require(self) -> None:
        """Do nothing: the server comes with firstbyte."""

    def versions(self) -> dict[str, str]:
        """Return nothing: every document already has the version of firstbyte."""
        return {}

    def refusal(self, scenario: Scenario) -> str:
        """Refuse only the scenarios of products."""
        is_of_product = isinstance(scenario.origin, ProductOrigin)
        return "needs a real product; name one with --target" if is_of_product else ""

    def expects(self, _scenario: Scenario) -> bool:
        """Always true: the scenarios are written for it."""
        return True

    def play(self, scenario: Scenario) -> Scenario:
        """Return the whole scenario."""
        return scenario

    async def start(self, job: Job) -> Origin:
        """Start a process with the handler or the shape that the scenario names."""
        origin = job.scenario.origin
        if isinstance(origin, ServerOrigin):
            module, arguments = "firstbyte.reference_server.main", _server_arguments(origin, job.folder)
        else:
            module, arguments = "firstbyte.harness.origin.shape_main", _shape_arguments(job)
        started = ModuleOrigin(module, arguments, job.folder)
        await started.restart()
        return started


class ModuleOrigin(ChildOrigin):
    """An origin that is a module of ours and keeps a ledger."""

    def __init__(self, module: str, arguments: list[str], folder: Path) -> None:
        self._module = module
        self._arguments = arguments
        self._folder = folder

    @property
    def talk(self) -> Talk:
        """The client of the session API."""
        return SessionTalk()

    @property
    def is_lost(self) -> bool:
        """Whether the process ended without our doing."""
        return self._child is not None and self._child.is_lost

    async def account(self) -> Account:
        """Read its ledger."""
        if not self.is_running:
            raise SetupFailed("origin: is not running; the script killed it and asks it something")
        return read_account((await ask(self.address, "GET", "/_firstbyte/ledger")).body)

    async def restart(self) -> None:
        """Start it in the same folder and on the same port."""
        listen = ["--listen", f"{LOOPBACK}:{self.address[1]}"]
        self._child = await start_child("origin", self._module, [*listen, *self._arguments], self._folder)


def _shape_arguments(job: Job) -> list[str]:
    assert job.shape is not None
    path = job.folder / "shape.json"
    path.write_bytes(encode_shape(job.shape))
    return ["--shape", str(path)]


def _server_arguments(origin: ServerOrigin, folder: Path) -> list[str]:
    script = folder / "model.toml"
    script.write_text(_model_script(origin), encoding="utf-8")
    return [
        *("--handler", origin.handler, "--api", origin.api, "--data", str(folder / "data")),
        *("--model-script", str(script), "--persist-delay", format_duration(origin.persist_delay)),
        *("--heartbeat", format_duration(origin.heartbeat), "--on-client-gone", origin.on_client_gone),
    ]


def _model_script(origin: ServerOrigin) -> str:
    model = origin.model
    lines = [
        "[[turn]]",
        f'delay = "{format_duration(model.delay)}"',
        f'gap = "{format_duration(model.token_gap)}"',
    ]
    lines.append(f"text = {msgspec.json.encode(model.text).decode()}")
    if model.fails:
        lines += ['failure = "error"', f"message = {msgspec.json.encode(model.fails).decode()}"]
    return "\n".join(lines) + "\n"


def encode_shape(shape: Shape) -> bytes:
    """Return the JSON that `decode_shape` reads, with durations in microseconds."""
    return msgspec.json.encode(shape, enc_hook=int)
