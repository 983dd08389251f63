"""The pool of forked processes gives what one process gives, and its workers end with their parent."""

import multiprocessing
import os
import select
import signal
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from threading import Event

import pytest

from firstbyte.harness.problems import SetupFailed
from firstbyte.harness.process.forked import map_forked
from tests.hygiene.lab import PATIENCE_SECONDS, Session, until

COMMANDS = [("run", "-j", "2"), ("grid", "--emulated-only"), ("fixes",)]
ENDS = [(Session.ctrl_c, 130, "firstbyte: stopped"), (Session.kill, -signal.SIGKILL, "")]
pytestmark = pytest.mark.real


def cpu_ticks(pid: int) -> int:
    """The processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def busy_workers(session: Session) -> list[int]:
    """The pids of two workers, once each has used processor time since it was first seen."""
    workers = session.children(2)
    before = {pid: cpu_ticks(pid) for pid in workers}
    until(lambda: all(cpu_ticks(pid) > before[pid] for pid in workers), "workers that work")
    return workers


@pytest.mark.slow
@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
@pytest.mark.parametrize(("end", "code", "message"), ENDS, ids=["ctrl-c", "kill -9"])
def test_no_worker_outlives_its_command(
    words: tuple[str, ...], end: Callable[[Session], None], code: int, message: str, tmp_path: Path
) -> None:
    with Session(tmp_path / "t", *words) as session, ExitStack() as stack:
        workers = busy_workers(session)
        handles = [os.pidfd_open(pid) for pid in workers]
        for handle in handles:
            stack.callback(os.close, handle)
        end(session)
        for handle in handles:
            assert select.select([handle], [], [], PATIENCE_SECONDS)[0], f"{session!r} left a worker"
        assert session.end() == code
        assert session.err.strip() == message
        session.assert_gone(set())


@pytest.mark.parametrize("processes", [1, 3])
def test_results_come_in_the_order_of_the_items(processes: int) -> None:
    done: list[int] = []
    assert map_forked(
        lambda item: item * item, range(20), done.append, processes=processes, chunk=3
    ) == tuple(done)
    assert done == [item * item for item in range(20)]


def test_what_a_worker_raises_comes_to_the_parent() -> None:
    def work(item: int) -> float:
        return 1 / item

    with pytest.raises(ZeroDivisionError):
        map_forked(work, [1, 0], lambda _: None, processes=2)


def test_a_lost_worker_is_a_problem_of_the_set_up() -> None:
    def work(_item: int) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(SetupFailed, match="a worker process was killed"):
        map_forked(work, [1, 2], lambda _: None, processes=2)


def test_an_interrupted_parent_does_not_wait_for_work_under_way() -> None:
    def work(item: int) -> None:
        if item:
            Event().wait()

    def interrupt(_result: None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        map_forked(work, [0, 1, 2], interrupt, processes=2)
    assert multiprocessing.active_children() == []
