"""The parts of a soak: what pytest played is counted, suites keep to their first time, nothing is left."""

import json
import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from firstbyte.harness.model.result import Outcome
from firstbyte.harness.runner.conclude import failed_run
from firstbyte.harness.runner.plan import Options
from firstbyte.harness.runner.play import TOO_BUSY, run_in_sim
from firstbyte.harness.runner.selection import plans, select
from tests.chaos.sweep import is_alive
from tests.hygiene.lab import Session, until
from tests.soak.busy import busy_machine
from tests.soak.load import held_up_of
from tests.soak.order import drawn
from tests.soak.part import Round
from tests.soak.parts import FILES, parts
from tests.soak.processes import MARK, has_mark, run
from tests.soak.pytests import PytestPart
from tests.soak.suites import RealSuite, SimSuite, Told

TESTS = """
import os, pytest
def test_counts(record_property):
    record_property("cases", 500)
def test_is_one():
    pass
def test_is_skipped():
    pytest.skip("no jq")
@pytest.mark.parametrize("number", [1, 2])
def test_is_wrong(number, record_property):
    record_property("seed", 40 + number)
    assert os.environ["DRAWN"] != "3" or number == 1
"""


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Round]:
    """A part of the tests above, played from a seed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pytest.ini").touch()
    (tmp_path / "test_it.py").write_text(TESTS)

    def play(seed: int, *words: str) -> Round:
        return PytestPart(words=("test_it.py", *words), seeded_by="DRAWN").play(seed)

    return play


@pytest.mark.slow
def test_what_pytest_played_is_counted_and_a_failure_can_be_played_again(
    played: Callable[..., Round],
) -> None:
    found = played(3)
    assert (found.cases, found.skipped) == (503, ("no jq",))
    (wrong,) = found.failures
    assert wrong.what.startswith("test_it.py::test_is_wrong[2]: ")
    assert wrong.seed == 42
    first, _, *rest = shlex.split(wrong.replay)
    assert first == "DRAWN=3"
    again = subprocess.run(
        ["env", first, "python", "-m", "pytest", *rest], capture_output=True, text=True, check=False
    )
    assert "1 failed" in again.stdout, again.stdout + again.stderr


@pytest.mark.slow
def test_a_run_of_pytest_that_plays_nothing_is_a_failure(played: Callable[..., Round]) -> None:
    found = played(1, "-k", "nothing_of_that_name")
    assert found.cases == 0
    assert "pytest ended with 5" in found.failures[0].what


def test_what_a_program_leaves_behind_is_ended(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    ended = run(["sh", "-c", f"setsid sleep 1000 >/dev/null 2>&1 & echo $! > {told}; echo done; exit 3"], {})
    assert (ended.code, ended.said) == (3, "done\n")
    until(lambda: not is_alive(int(told.read_text())), "its end")


def test_busy_loops_run_for_as_long_as_the_block() -> None:
    with busy_machine(2) as pids:
        assert len(pids) == 2
        until(
            lambda: all(Path(f"/proc/{pid}/stat").read_text().split()[2] == "R" for pid in pids),
            "two busy loops",
        )
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []


def test_an_order_is_drawn_by_its_seed() -> None:
    numbers = list(range(100))
    assert drawn(numbers, 1) == drawn(numbers, 1) != drawn(numbers, 2)
    assert sorted(drawn(numbers, 1)) == numbers


@pytest.mark.slow
def test_the_sim_suite_tells_in_a_drawn_order_what_it_tells_in_that_of_the_files() -> None:
    """With the items of `scenarios/` it is the third time in a run of the tests."""
    found = SimSuite(jobs=1).play(seed=os.getpid())
    assert found.failures == ()
    assert found.cases > 1_200


def test_a_verdict_or_digest_that_is_another_is_a_failure() -> None:
    suite = SimSuite(jobs=1, words=("act-1",))
    assert suite.play(1).failures == ()
    suite.first = {name: Told(outcome=Outcome.PASS, verdict="refused", digest="") for name in suite.first}
    wrong = suite.play(2).failures
    assert len(wrong) == len(suite.first)
    assert "verdict='refused'" in wrong[0].what


@pytest.mark.clock
@pytest.mark.real
def test_a_run_in_real_mode_that_tells_something_else_is_a_failure() -> None:
    suite = RealSuite(words=("w2-204-bare",), loops=0)
    found = suite.play(1)
    assert (found.failures, found.cases) == ((), len(suite.sim))
    other = run_in_sim(next(plans(select(["act-1"]), (), Options())))
    suite.sim = dict.fromkeys(suite.sim, other)
    wrong = suite.play(2)
    assert len(wrong.failures) == wrong.cases - wrong.held_up
    assert all("in sim" in one.what and "--seed 2" in one.replay for one in wrong.failures)


@pytest.mark.parametrize(
    ("problem", "held_up"), [(f"{TOO_BUSY}: for 0.20 s", True), ("origin: did not get ready", False)]
)
def test_only_a_run_on_a_busy_machine_counts_as_held_up(problem: str, held_up: bool) -> None:
    plan = next(plans(select(["act-1"]), (), Options()))
    run_ = failed_run(plan, Outcome.SETUP_ERROR, problem)
    assert (held_up_of([plan], [run_]) == [plan]) is held_up


def test_every_file_of_a_part_is_there(root: Path) -> None:
    assert [path for path in FILES.values() if not (root / path).exists()] == []
    assert FILES.keys() < parts(repeat=1, workers=1).keys()


@pytest.mark.slow
@pytest.mark.real
def test_ctrl_c_ends_with_the_table_and_nothing_left(tmp_path: Path) -> None:
    """`limits` is a pytest that waits for an edge and an origin, which are children of another child."""
    result = tmp_path / "soak.json"
    with Session(tmp_path / "t", "limits", "--json", str(result), module="tests.soak.command") as session:
        pids = until(lambda: found if len(found := session.living()) >= 5 else [], "origin and edge")
        ports = session.listening(2)
        assert [pid for pid in pids if pid != session.process.pid and not is_marked(pid)] == []
        session.ctrl_c()
        assert session.end() == 130, session.err
        session.assert_gone(ports)
        assert "limits            0/1" in session.out
        assert "interrupted" in session.out
    assert json.loads(result.read_text())["interrupted"] is True


def is_marked(pid: int) -> bool:
    environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    (mark,) = [one.partition(b"=")[2].decode() for one in environment if one.startswith(MARK.encode())]
    return has_mark(pid, mark)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--time", "20"], "'20' has no unit; write '20s'"),
        (["--time", "1ms", "kills"], "no round is that short"),
        (["simm"], "no part 'simm'; did you mean 'sim'"),
    ],
)
def test_bad_input_is_told_with_its_cure(words: list[str], said: str, tmp_path: Path) -> None:
    with Session(tmp_path / "t", *words, module="tests.soak.command") as session:
        assert session.end() == 2
    assert said in session.err
