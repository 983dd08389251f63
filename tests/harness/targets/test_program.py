"""A foreign program is started on a free port, and ends as a whole: itself, its children, its port."""

import os
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from firstbyte.harness.client.ask import ask
from firstbyte.harness.problems import SetupFailed
from firstbyte.harness.process.child import Child
from firstbyte.harness.targets.program import start_program

pytestmark = pytest.mark.real

# It has a child of its own, which would live for an hour, and says which.
PARENT = """
import http.server, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
open("child", "w").write(str(child.pid))
http.server.test(http.server.SimpleHTTPRequestHandler, port=int(sys.argv[1]), bind="127.0.0.1")
"""


def is_alive(pid: int) -> bool:
    """Running, not a zombie that nobody has reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


async def started(folder: Path, port: int = 0) -> Child:
    return await start_program(
        "origin", lambda free: [sys.executable, "-c", PARENT, str(free)], folder=folder, ready="/", port=port
    )


@pytest.mark.parametrize("end", [Child.kill, Child.stop], ids=["kill", "stop"])
async def test_a_program_ends_with_its_children_and_its_port(
    end: Callable[[Child], Awaitable[None]], tmp_path: Path
) -> None:
    program = await started(tmp_path)
    child = int((tmp_path / "child").read_text())
    assert (await ask(program.address, "GET", "/")).status == 200
    assert is_alive(program.worker)
    assert is_alive(child)
    await end(program)
    assert not program.is_running
    assert not is_alive(program.worker)
    assert not is_alive(child)
    with socket.create_server(program.address):
        pass


async def test_a_killed_program_starts_again_on_its_port(tmp_path: Path) -> None:
    first = await started(tmp_path)
    await first.kill()
    second = await started(tmp_path, first.address[1])
    assert second.address == first.address
    assert second.worker != first.worker
    await second.stop()


async def test_a_program_that_does_not_get_ready_is_shown_with_what_it_said(tmp_path: Path) -> None:
    words = [sys.executable, "-c", "raise SystemExit('no licence')"]
    with pytest.raises(
        SetupFailed, match=f"origin: {Path(sys.executable).name} did not get ready: no licence"
    ):
        await start_program("origin", lambda _port: words, folder=tmp_path, ready="/")


async def test_a_program_gets_the_environment_it_is_given(tmp_path: Path) -> None:
    code = "import os, sys; sys.exit(os.environ['COLOUR'] + os.getcwd())"
    place = tmp_path / "place"
    os.mkdir(place)
    with pytest.raises(SetupFailed, match=f"green{place}"):
        await start_program(
            "origin",
            lambda _port: [sys.executable, "-c", code],
            folder=tmp_path,
            ready="/",
            environment={"COLOUR": "green"},
            cwd=place,
        )
