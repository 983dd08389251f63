"""kill -9 of the browser, of Playwright's driver and of `firstbyte sendstate` itself, during a rule."""

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.chaos.relay import Meant, Relay
from tests.hygiene.lab import PATIENCE_SECONDS, Session
from tests.running import running_server

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.programs]

SET_UP_ERROR = 3


def the_page_is_asked_for(lines: list[str]) -> bool:
    return len(lines) == 1


def a_send_is_under_way(lines: list[str]) -> bool:
    return "/prompt_async " in lines[-1]


def the_edge_has_answered(lines: list[str]) -> bool:
    """The page asks what the server has: that comes after the 524 for its send."""
    return "/message " in lines[-1] and any("/prompt_async " in line for line in lines)


STEPS = [the_page_is_asked_for, a_send_is_under_way, the_edge_has_answered]


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    """The port of a reference server."""
    with running_server() as url:
        yield int(url.rpartition(":")[2])


@pytest.fixture
def short_tmp(chromium: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose name leaves room for that of Chromium's socket: 108 characters in all."""
    monkeypatch.setenv("FIRSTBYTE_CHROMIUM", str(chromium))
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def words_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")


def is_the_browser(words: list[str]) -> bool:
    return (
        "chrom" in words[0] and "--headless" in words and not any(one.startswith("--type=") for one in words)
    )


def is_the_driver(words: list[str]) -> bool:
    return "run-driver" in words


@pytest.fixture
def halted(server: int, short_tmp: Path, root: Path) -> Iterator[Callable[[Meant], Session]]:
    """Begins the command; gives it back when the page's request that is meant has come, and waits."""
    relays: list[Relay] = []
    sessions: list[Session] = []

    def begin(meant: Meant) -> Session:
        relays.append(Relay(server, meant))
        relay = relays[-1].__enter__()
        adapter = root / "reference_server" / "ui" / "robust.toml"
        words = ("--adapter", str(adapter), "--rule", "retry-reuses-id", "--artefacts", str(short_tmp / "a"))
        sessions.append(Session(short_tmp / "t", "sendstate", relay.url, *words))
        assert relay.reached.wait(PATIENCE_SECONDS), sessions[-1]
        return sessions[-1]

    yield begin
    for session in sessions:
        session.__exit__()
    for relay in relays:
        relay.__exit__()
    shutil.rmtree(short_tmp / "a", ignore_errors=True)


def test_a_browser_that_is_killed_is_named_and_leaves_nothing(halted: Callable[[Meant], Session]) -> None:
    assert_named_when_killed(halted(a_send_is_under_way), is_the_browser)


def test_ctrl_c_in_the_middle_of_a_rule_ends_with_one_line(halted: Callable[[Meant], Session]) -> None:
    """A terminal tells the driver of Playwright too, which ends first."""
    session = halted(a_send_is_under_way)
    ports = session.ports()
    session.ctrl_c()
    assert session.end() == 130
    assert session.err.strip() == "firstbyte: stopped"
    session.assert_gone(ports)


def assert_named_when_killed(session: Session, is_it: Callable[[list[str]], bool]) -> None:
    ports = session.ports()
    (pid,) = [one for one in session.living() if is_it(words_of(one))]
    os.kill(pid, signal.SIGKILL)
    assert (session.end(), session.out) == (SET_UP_ERROR, "")
    assert session.err.startswith(
        "firstbyte: sendstate: the browser, or the driver of Playwright, has ended "
    )
    assert session.err.count("\n") == 1, session.err
    session.assert_gone(ports)


@pytest.mark.soak
@pytest.mark.parametrize("meant", STEPS)
@pytest.mark.parametrize("is_it", [is_the_browser, is_the_driver])
def test_a_browser_or_driver_that_is_killed_is_named_at_every_step(
    meant: Meant, is_it: Callable[[list[str]], bool], halted: Callable[[Meant], Session]
) -> None:
    assert_named_when_killed(halted(meant), is_it)


@pytest.mark.soak
def test_nothing_is_left_of_sendstate_that_is_killed(halted: Callable[[Meant], Session]) -> None:
    session = halted(a_send_is_under_way)
    ports = session.ports()
    session.signal(signal.SIGKILL)
    assert session.end() == -signal.SIGKILL
    session.assert_gone(ports)
