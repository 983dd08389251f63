"""What the README has the reader do in several terminals is done: start, use, Ctrl-C; nothing is left."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import urllib.request
from contextlib import closing
from pathlib import Path
from socket import create_server

import pytest

from tests.conftest import lacking
from tests.docs.pages import Block, blocks_of
from tests.hygiene.lab import Session

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.programs]

ROOT = Path(__file__).resolve().parents[2]
SERVER, EDGE = "127.0.0.1:4096", "127.0.0.1:8524"


def by_hand() -> Block:
    """The block of three terminals."""
    (block,) = [one for one in blocks_of(ROOT / "README.md") if "firstbyte serve" in one.text]
    return block


def free() -> str:
    """An address nobody listens on."""
    with closing(create_server(("127.0.0.1", 0))) as one:
        return f"127.0.0.1:{one.getsockname()[1]}"


def typed(line: str) -> str:
    """What a line that is no command of ours says on its standard output."""
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, (line, done.stderr)
    return done.stdout


def test_three_terminals_show_a_524_for_a_message_that_is_stored(tmp_path: Path) -> None:
    server, edge = free(), free()
    serve, before, make_session, send = (line.partition("   ")[0] for line in by_hand().lines)
    asked = re.search(
        r"`(curl http://127\.0\.0\.1:4096/_firstbyte/ledger)`", (ROOT / "README.md").read_text()
    )
    assert asked is not None
    with (
        Session(tmp_path / "1", *shlex.split(serve)[1:], "--listen", server) as one,
        Session(tmp_path / "2", *shlex.split(before.replace(SERVER, server))[1:], "--listen", edge) as two,
    ):
        ports = one.listening(1) | two.listening(1)
        assert json.loads(one.line())["ready"] == f"http://{server}"
        told = typed(make_session.replace(EDGE, edge))
        id_ = json.loads(told.partition("\n\n")[2])["id"]
        answer = typed(send.replace(EDGE, edge).replace("/ID/", f"/{id_}/"))
        assert answer.startswith("HTTP/1.1 524 ")
        events = json.loads(typed(asked[1].replace(SERVER, server)))["events"]
        assert {"arrived", "persisted"} <= {event["event"] for event in events}
        for session in (two, one):
            session.ctrl_c()
            assert session.end() == 0, session.err
        one.assert_gone(ports)
        two.assert_gone(set())


def test_the_demo_tells_where_its_pages_are_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    assert "`firstbyte demo`" in (ROOT / "README.md").read_text()
    with Session(tmp_path / "t", "demo") as session:
        lines = [session.line() for _ in range(6)]
        ports = session.listening(2)
        addresses = [found[0] for line in lines if (found := re.search(r"http://\S+", line))]
        assert len(addresses) == 4, lines
        for address in addresses:
            with urllib.request.urlopen(address, timeout=30) as reply:
                assert reply.status == 200
        session.ctrl_c()
        assert session.end() == 130
        session.assert_gone(ports)


@pytest.mark.soak
def test_a_line_with_a_pipe_gives_the_other_program_what_it_reads() -> None:
    (line,) = [one for one in (ROOT / "README.md").read_text().splitlines() if " | jq" in one]
    if not shutil.which("jq"):
        lacking("no jq; install it")
    scripts = str(Path(sys.executable).parent)
    environment = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", "-c", line], env=environment, capture_output=True, text=True, timeout=600, check=True
    )
    verdicts = [json.loads(one) for one in done.stdout.splitlines()]
    assert len(verdicts) > 200
    assert {"phantom-failure", "delivered"} <= set(verdicts)


@pytest.mark.soak
def test_the_acts_in_real_mode_are_those_of_the_simulation(tmp_path: Path) -> None:
    line = "firstbyte reproduce --mode real --time-scale 50"
    assert line in (ROOT / "README.md").read_text().splitlines()
    command = [sys.executable, "-m", "firstbyte.harness.cli", *shlex.split(line)[1:]]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
