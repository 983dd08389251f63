"""kill -9 of each process at each event of an exchange: a clear error each time, and nothing is left."""

import asyncio
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstbyte.harness.model.result import Outcome
from firstbyte.harness.runner.plan import Options, Plan
from firstbyte.harness.runner.selection import plans, select
from tests.chaos.sweep import STEPS, Step, Struck, is_alive, steps_in, strike
from tests.hygiene.lab import Session, until

pytestmark = [pytest.mark.real, pytest.mark.slow]

RUN = ("run", "act-1", "--edge", "cloudflare-100", "--mode", "real", "--time-scale", "50")
NURSERY_ORIGIN_EDGE = 3
EARLY, MIDDLE, LATE = STEPS[0], Step("origin", "persisted"), Step("edge", "answered")


@pytest.fixture
def own_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Runs of this process make their folders where the test says."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before = tempfile.tempdir
    yield tmp_path
    tempfile.tempdir = before


def act_1() -> Plan:
    (plan,) = plans(select(["act-1"]), ("cloudflare-100",), Options(mode="real", time_scale=50))
    return plan


async def test_a_killed_origin_or_edge_is_named_at_every_step_of_an_exchange(own_tmp: Path) -> None:
    cases = [(step, role) for step in STEPS for role in ("origin", "edge")]
    found = await asyncio.gather(
        *(strike(act_1(), step, role, own_tmp / str(at)) for at, (step, role) in enumerate(cases))
    )
    assert [one for one in found if problem_of(one)] == []


def problem_of(struck: Struck) -> str:
    """What is wrong with how the run ended."""
    run = struck.run
    if struck.folders or (struck.pid and is_alive(struck.pid)):
        return "something is left"
    if not struck.pid:  # a busy machine: the run was over before the event was seen
        return "" if run.outcome in (Outcome.PASS, Outcome.SETUP_ERROR) else run.problem or "no verdict"
    named = run.problem.startswith(f"{struck.role}: has ended in the middle of the run")
    return "" if (run.outcome, named) == (Outcome.SETUP_ERROR, True) else run.problem or str(run.outcome)


def at_the_first_folder(session: Session) -> bool:
    return bool(session.folders())


@pytest.mark.parametrize("step", [None, EARLY, LATE], ids=["folder made", str(EARLY), str(LATE)])
def test_nothing_is_left_of_a_harness_that_is_killed_at(step: Step | None, tmp_path: Path) -> None:
    with Session(tmp_path / "t", *RUN) as session:
        until(lambda: has_come_to(session, step), f"{step}")
        ports = session.ports()
        session.signal(signal.SIGKILL)
        assert session.end() == -signal.SIGKILL
        session.assert_gone(ports)


@pytest.mark.soak
@pytest.mark.parametrize("step", STEPS, ids=str)
def test_nothing_is_left_of_a_harness_that_is_killed_at_every_step(step: Step, tmp_path: Path) -> None:
    test_nothing_is_left_of_a_harness_that_is_killed_at(step, tmp_path)


def has_come_to(session: Session, step: Step | None) -> bool:
    """The run has a folder, and the step is written down in it; True as well for a run that is over."""
    if session.process.poll() is not None:
        return True
    found = [folder for folder in session.folders() if folder.name.startswith("firstbyte-")]
    return bool(found) and (step is None or any(step == one for one in steps_in(found[0])))
