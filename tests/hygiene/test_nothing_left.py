"""However a command ends - Ctrl-C, SIGTERM, kill -9, failure, success - nothing of it is left."""

import os
import re
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from firstbyte.harness.targets.hono.runtime import RUNTIMES
from tests.conftest import lacking
from tests.hygiene.lab import Session, until

pytestmark = [pytest.mark.real, pytest.mark.slow]

RUN = ("run", "act-1", "--mode", "real", "--time-scale", "5")
BLOCKED = ("run", "act-6a", "--mode", "real", "--time-scale", "5")
DEMO = ("demo", "--time-scale", "50")
SERVE = ("serve", "--listen", "127.0.0.1:0")
EDGE = ("edge", "--upstream", "http://127.0.0.1:9", "--profile", "cloudflare-100", "--listen", "127.0.0.1:0")
NURSERY_ORIGIN_EDGE = 3
NURSERY_KEEPER_PROGRAM_EDGE = 4

type End = Callable[[Session], None]


def ctrl_c(session: Session) -> None:
    session.ctrl_c()


def terminate(session: Session) -> None:
    session.signal(signal.SIGTERM)


def kill(session: Session) -> None:
    session.signal(signal.SIGKILL)


def running(session: Session) -> set[int]:
    """Origin and edge are up; the ports they listen on."""
    session.children(NURSERY_ORIGIN_EDGE)
    return session.listening(2)


def is_stored(folder: Path) -> bool:
    """Whether the origin has made the message durable; what comes next blocks its loop."""
    found = list(folder.glob("firstbyte-*/data/firstbyte.db"))
    if not found:
        return False
    with closing(sqlite3.connect(f"file:{found[0]}?mode=ro", uri=True)) as disk:
        try:
            return bool(disk.execute("SELECT 1 FROM ledger WHERE event = 'persisted'").fetchall())
        except sqlite3.OperationalError:  # its tables are not there yet
            return False


ENDS = [(ctrl_c, 130, "stopped"), (terminate, 130, "stopped"), (kill, -signal.SIGKILL, "")]


@pytest.mark.parametrize("words", [RUN, DEMO], ids=lambda words: words[0])
@pytest.mark.parametrize(("end", "code", "said"), ENDS, ids=["ctrl-c", "sigterm", "kill -9"])
def test_nothing_is_left_of_a_command_with_children(
    words: tuple[str, ...], end: End, code: int, said: str, tmp_path: Path
) -> None:
    with Session(tmp_path / "t", *words) as session:
        ports = running(session)
        end(session)
        assert session.end() == code
        assert session.err.strip() == f"firstbyte: {said}" * bool(said)
        session.assert_gone(ports)


@pytest.mark.parametrize(("end", "code", "said"), ENDS, ids=["ctrl-c", "sigterm", "kill -9"])
def test_an_origin_that_blocks_its_loop_does_not_outlive_the_command(
    end: End, code: int, said: str, tmp_path: Path
) -> None:
    with Session(tmp_path / "t", *BLOCKED) as session:
        ports = running(session)
        until(lambda: is_stored(session.tmp), "the message to be stored")
        end(session)
        assert session.end() == code
        assert said in session.err
        session.assert_gone(ports)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
@pytest.mark.parametrize("words", [SERVE, EDGE, (*EDGE, "--tls")], ids=["serve", "edge", "edge --tls"])
def test_a_server_by_hand_ends_cleanly(words: tuple[str, ...], number: int, tmp_path: Path) -> None:
    with Session(tmp_path / "t", *words) as session:
        ports = session.listening(1)
        session.signal(number)
        assert session.end() == 0
        assert "Traceback" not in session.err
        session.assert_gone(ports)


def test_kill_9_of_a_server_without_data_leaves_nothing(tmp_path: Path) -> None:
    with Session(tmp_path / "t", *SERVE) as session:
        ports = session.listening(1)
        session.signal(signal.SIGKILL)
        assert session.end() == -signal.SIGKILL
        session.assert_gone(ports)


def test_kill_9_of_an_edge_leaves_no_private_key(tmp_path: Path) -> None:
    with Session(tmp_path / "t", *EDGE, "--tls") as session:
        session.listening(1)
        until(lambda: [one.name for one in session.tmp.rglob("edge.*")] == ["edge.pem"], "the key to be read")
        session.signal(signal.SIGKILL)
        assert session.end() == -signal.SIGKILL
        kept = [one for one in session.tmp.rglob("*") if one.is_file()]
        assert {one.name for one in kept} <= {"edge.pem", "authority.pem"}
        assert not any(b"PRIVATE" in one.read_bytes() for one in kept)


@pytest.mark.parametrize("who", ["fork-server", "child"])
def test_a_demo_without_its_server_says_so_and_leaves_nothing(who: str, tmp_path: Path) -> None:
    with Session(tmp_path / "t", *DEMO) as session:
        ports = running(session)
        assert session.line().startswith("behind ")
        children = sorted(session.children(NURSERY_ORIGIN_EDGE))
        os.kill(children[0] if who == "fork-server" else children[1], signal.SIGKILL)
        assert session.end() == 3
        assert re.fullmatch("firstbyte: demo: the (origin|edge) has ended, .*", session.err.strip())
        session.assert_gone(ports)


@pytest.mark.parametrize(("end", "code", "said"), ENDS, ids=["ctrl-c", "sigterm", "kill -9"])
def test_a_foreign_program_does_not_outlive_the_command(
    end: End, code: int, said: str, tmp_path: Path
) -> None:
    if not next(one for one in RUNTIMES if one.name == "hono-bun").installed.is_there:
        lacking("Bun and Hono are not installed; run `make setup`")
    with Session(tmp_path / "t", *RUN, "--target", "hono-bun") as session:
        session.children(NURSERY_KEEPER_PROGRAM_EDGE)
        ports = session.listening(2)
        end(session)
        assert session.end() == code
        assert said in session.err
        session.assert_gone(ports)


@pytest.mark.clock
def test_nothing_is_left_after_a_run_that_came_to_its_end(tmp_path: Path) -> None:
    with Session(tmp_path / "t", "run", "act-3", "--mode", "real", "--time-scale", "200") as session:
        ports = running(session)
        assert session.end() == 0, session.err
        session.assert_gone(ports)


def test_nothing_is_left_of_a_simulation_in_several_processes(tmp_path: Path) -> None:
    with Session(tmp_path / "t", "run") as session:
        session.children(2)
        session.signal(signal.SIGKILL)
        session.end()
        session.assert_gone(set())


def test_ctrl_c_ends_a_simulation_in_several_processes_with_one_line(tmp_path: Path) -> None:
    with Session(tmp_path / "t", "run") as session:
        session.children(2)
        session.ctrl_c()
        assert session.end() == 130
        assert session.err.strip() == "firstbyte: stopped"
        session.assert_gone(set())


BAD_SETUPS = [
    (("demo", "--edge", "missing.toml"), 2, "missing.toml: can't be read"),
    (("run", "act-1", "--mode", "real", "--edge", "missing.toml"), 2, "missing.toml: can't be read"),
    (("serve", "--listen", "127.0.0.1:0", "--handler", "nope"), 2, "'nope' is not a handler"),
    ((*EDGE[:4], "missing.toml"), 2, "missing.toml: can't be read"),
]


@pytest.mark.parametrize(("words", "code", "said"), BAD_SETUPS, ids=lambda value: str(value)[:24])
def test_a_set_up_that_fails_leaves_nothing(
    words: tuple[str, ...], code: int, said: str, tmp_path: Path
) -> None:
    with Session(tmp_path / "t", *words) as session:
        assert (session.end(), session.out) == (code, "")
        assert said in session.err
        assert "Traceback" not in session.err
        session.assert_gone(set())
