"""No file descriptors are left: one line with limit and cure, a quiet process, and then on as before."""

import http.client
import os
import resource
import socket
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from firstbyte.harness.clock import monotonic_ns
from tests.hygiene.lab import Session, until

pytestmark = [pytest.mark.real, pytest.mark.slow]

SERVE = ("serve", "--listen", "127.0.0.1:0")
EDGE = (
    "edge",
    "--upstream",
    "http://127.0.0.1:9",
    "--profile",
    "nginx",
    "--listen",
    "127.0.0.1:0",
    "--quiet",
)
RUN = ("run", "act-1", "--edge", "cloudflare-100", "--mode", "real", "--time-scale", "50")
SPARE, MANY = 5, 20
WATCHED_SECONDS = 1.2
BUSY_SECONDS = 0.25
"""A loop that goes on trying takes half of the processor, one that waits a hundredth."""
NONE_LEFT = "no file descriptors are left: this process may have {}; raise the limit with `ulimit -n`"


def limit_to_spare(pid: int) -> int:
    """Leave the process SPARE more than it has open; returns its new limit."""
    most = len(os.listdir(f"/proc/{pid}/fd")) + SPARE
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]))
    return most


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def status(port: int) -> int:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request("GET", "/global/health")
        return connection.getresponse().status


@pytest.mark.clock
@pytest.mark.parametrize(("words", "answer"), [(SERVE, 200), (EDGE, 502)], ids=["serve", "edge"])
def test_connections_too_many_wait_and_are_said_once(
    words: tuple[str, ...], answer: int, tmp_path: Path
) -> None:
    with Session(tmp_path / "t", *words) as session:
        (port,) = session.listening(1)
        assert status(port) == answer  # what a first request loads is loaded
        pid = session.process.pid
        most = limit_to_spare(pid)
        with ExitStack() as clients:
            for _ in range(MANY):
                clients.enter_context(socket.create_connection(("127.0.0.1", port)))
            until(lambda: len(os.listdir(f"/proc/{pid}/fd")) == most, "no descriptor to be left")
            used, began = processor_seconds(pid), monotonic_ns()
            until(lambda: monotonic_ns() - began > WATCHED_SECONDS * 1e9, "a while of it")
            assert processor_seconds(pid) - used < BUSY_SECONDS
        assert status(port) == answer
        session.signal(2)
        assert session.end() == 0
    assert session.err.count(NONE_LEFT.format(most)) == 1, session.err
    assert "Traceback" not in session.err


def test_a_run_without_descriptors_is_a_set_up_error_that_names_the_cure(tmp_path: Path) -> None:
    limited = ("prlimit", "--nofile=8")
    with Session(tmp_path / "t", *RUN, inside=limited) as session:
        assert session.end() == 3
        assert NONE_LEFT.format(8) in " ".join(session.out.split())
        assert "Traceback" not in session.err
        session.assert_gone(set())


@pytest.mark.parametrize("words", [SERVE, EDGE], ids=["serve", "edge"])
def test_a_server_that_can_t_open_a_port_for_want_of_descriptors_says_so(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    with Session(tmp_path / "t", *words, inside=("prlimit", "--nofile=6")) as session:
        assert session.end() == 3
        assert session.err == f"firstbyte: {NONE_LEFT.format(6)}\n"
        session.assert_gone(set())
