"""A server and an edge for load, and the command lines of docs/how-to/load.md for their addresses."""

import json
import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.docs.pages import blocks_of

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 90
SERVE = ("--handler", "stream-withheld", "--model-delay", "130s", "--time-scale", "100")
EDGE = ("--profile", "cloudflare-100", "--time-scale", "100", "--quiet", "--ready-json")


class Field:
    """Where a load run is played. origin and edge: URLs. Processes that are left are ended with it."""

    def __init__(self, folder: Path, origin: str, edge: str) -> None:
        self.folder = folder
        self.origin = origin
        self._port = str(free_port())
        self._addresses = {"127.0.0.1:4096": origin, "127.0.0.1:8524": edge}
        self._running: list[subprocess.Popen[str]] = []

    def __repr__(self) -> str:
        return f"<Field {len(self._running)} started>"

    def lines(self) -> list[str]:
        """The page's lines for many machines, with our addresses."""
        (block,) = [one for one in blocks_of(ROOT / "docs/how-to/load.md") if "machines" in one.words]
        return [self._here(line) for line in block.lines]

    def _here(self, line: str) -> str:
        for given, ours in self._addresses.items():
            line = line.replace(f"http://{given}", ours)
        return re.sub(r"\b5557\b", self._port, line)

    def start(self, line: str) -> subprocess.Popen[str]:
        """Type it, as in a terminal of its own."""
        words = shlex.split(line.removesuffix(" &"))
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        environment = {**os.environ, "PATH": path, "COLUMNS": "80"}
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name(words[0])), *words[1:]],
            cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self._running.append(process)
        return process

    def stop(self) -> None:
        """End what has not ended."""
        for process in self._running:
            if process.poll() is None:
                process.kill()
            process.communicate(timeout=PATIENCE)


def free_port() -> int:
    """One that nobody listens on."""
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def serving(stack: ExitStack, *words: str) -> str:
    """A command of ours that says where it listens."""
    command = [sys.executable, "-m", "firstbyte.harness.cli", *words, "--listen", "127.0.0.1:0"]
    process = stack.enter_context(
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    )
    stack.callback(process.terminate)
    assert process.stdout is not None
    return str(json.loads(process.stdout.readline())["ready"])


@pytest.fixture
def field(tmp_path: Path) -> Iterator[Field]:
    """The server that is silent for longer than its edge waits."""
    (tmp_path / "benchmarks").symlink_to(ROOT / "benchmarks")
    with ExitStack() as stack:
        origin = serving(stack, "serve", *SERVE)
        edge = serving(stack, "edge", "--upstream", origin, *EDGE)
        one = Field(tmp_path, origin, edge)
        stack.callback(one.stop)
        yield one
