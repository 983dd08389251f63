"""A disk whose every sync is slow: what is durable comes late, no verdict is wrong and no message lost."""

import http.client
import json
import shutil
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import lacking
from tests.hygiene.lab import Session, until

pytestmark = [pytest.mark.real, pytest.mark.slow]

SOURCE = Path(__file__).with_name("slow_sync.c")
LISTEN = ("--listen", "127.0.0.1:0")
RUN = ("run", "act-3", "--edge", "cloudflare-100", "--mode", "real", "--time-scale", "3200")
TIMED_OUT = 524


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is preloaded, compiled."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        lacking("no C compiler; install gcc")
    made = tmp_path_factory.mktemp("slow") / "slow_sync.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(made), str(SOURCE)], check=True)
    return made


def on_a_slow_disk(library: Path, milliseconds: int) -> list[str]:
    """The words before a command."""
    return ["env", f"LD_PRELOAD={library}", f"SLOW_SYNC_MS={milliseconds}"]


def post(port: int, path: str, document: object) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("POST", path, json.dumps(document), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()


def stored(data: Path) -> list[str]:
    with closing(sqlite3.connect(data / "firstbyte.db")) as disk:
        assert disk.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        return [row[0] for row in disk.execute("SELECT intent FROM message WHERE role = 'user'")]


def test_a_run_whose_disk_is_too_slow_for_its_times_is_no_verdict(library: Path, tmp_path: Path) -> None:
    with Session(tmp_path / "t", *RUN, inside=on_a_slow_disk(library, 50)) as session:
        assert session.end() == 3
        assert "this machine is too busy: its processors or its disk " in " ".join(session.out.split())
        session.assert_gone(set())


@pytest.mark.soak
def test_an_edge_whose_limit_is_shorter_answers_for_a_message_that_is_stored(
    library: Path, tmp_path: Path
) -> None:
    """Four syncs of 300 ms before the 204, a limit of 500 ms; a kill -9 afterwards changes nothing."""
    data = tmp_path / "data"
    serve = ("serve", *LISTEN, "--data", str(data))
    with Session(tmp_path / "t", *serve, inside=on_a_slow_disk(library, 300)) as server:
        origin = json.loads(server.line())["ready"]
        created = json.loads(post(int(origin.rpartition(":")[2]), "/session", {})[1])["id"]
        limit = ("--set", "timers.proxy-read.limit=500ms")
        edge = ("edge", *LISTEN, "--upstream", origin, "--profile", "cloudflare-100", *limit)
        with Session(tmp_path / "e", *edge) as front:
            (port,) = front.listening(1)
            prompt = {"noReply": True, "parts": [{"type": "text", "text": "hello"}]}
            assert post(port, f"/session/{created}/prompt_async", prompt)[0] == TIMED_OUT
            until(lambda: stored(data), "the message to be stored")
            server.signal(signal.SIGKILL)
            server.end()
            front.signal(signal.SIGTERM)
            assert front.end() == 0
    assert len(stored(data)) == 1
