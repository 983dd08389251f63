"""What a busy machine does to a run in real mode is measured; what it has spoilt is played again, slower."""

import asyncio
import os
import tempfile
import time
from pathlib import Path

import pytest

from firstbyte.harness.model.result import Outcome, Run
from firstbyte.harness.model.units import Duration
from firstbyte.harness.runner import machine
from firstbyte.harness.runner import play as running
from firstbyte.harness.runner.conclude import failed_run
from firstbyte.harness.runner.machine import (
    MOST_HELD_UP,
    MOST_OF_PRODUCT,
    SchedulerDelay,
    waited_for_processor,
    watched_machine,
)
from firstbyte.harness.runner.plan import Options, Plan
from firstbyte.harness.runner.real_stage import SHARED_MEMORY, real_stage
from firstbyte.harness.runner.selection import plans, select
from firstbyte.harness.targets.catalogue import acts_of

HELD_UP = Duration(MOST_HELD_UP + 1)


def played(
    monkeypatch: pytest.MonkeyPatch, held_up: list[Duration], time_scale: float, target: str = "reference"
) -> tuple[Run, list[float]]:
    """The run of a plan whose playings were held up so long, and the scales it was played at."""
    scales: list[float] = []

    async def play(plan: Plan) -> tuple[Run, Duration]:
        scales.append(plan.options.time_scale)
        return failed_run(plan, Outcome.PASS, ""), held_up[len(scales) - 1]

    monkeypatch.setattr(running, "_play_real", play)
    options = Options(mode="real", time_scale=time_scale, target=target)
    plan = next(plans(select([acts_of(target).suite]), (), options))
    return asyncio.run(running.run_real(plan)), scales


def test_a_quiet_machine_plays_once(monkeypatch: pytest.MonkeyPatch) -> None:
    run, scales = played(monkeypatch, [MOST_HELD_UP], 50)
    assert (run.outcome, run.time_scale, scales) == (Outcome.PASS, 50, [50])


def test_what_was_held_up_is_played_again_at_half_the_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    run, scales = played(monkeypatch, [HELD_UP, Duration(0)], 50)
    assert (run.outcome, run.time_scale, scales) == (Outcome.PASS, 25, [50, 25])


def test_a_machine_that_stays_busy_is_a_set_up_error_with_a_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    run, scales = played(monkeypatch, [HELD_UP] * 4, 50)
    assert (run.outcome, scales) == (Outcome.SETUP_ERROR, [50, 25, 12.5, 6.25])
    assert "too busy" in run.problem
    assert "--time-scale" in run.problem


def test_the_acts_of_a_product_are_played_again_at_the_speed_they_are_written_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    too_long = Duration(MOST_OF_PRODUCT + 1)
    run, scales = played(monkeypatch, [too_long, MOST_OF_PRODUCT], 80, "opencode@1.18.33")
    assert (run.outcome, scales) == (Outcome.PASS, [80, 80])


def test_at_full_length_a_held_up_run_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    run, scales = played(monkeypatch, [HELD_UP], 1)
    assert (run.outcome, scales) == (Outcome.PASS, [1])


async def test_a_loop_that_was_blocked_is_seen_to_be_late() -> None:
    blocked = Duration(150_000)
    looked = asyncio.Event()
    with watched_machine(lambda: Duration(0)) as watch:
        time.sleep(blocked / 1_000_000)  # noqa: ASYNC251, TID251 - the subject
        asyncio.get_running_loop().call_later(0, looked.set)
        await looked.wait()
    assert watch.worst >= blocked / 2


async def test_what_others_waited_counts_within_a_second_and_not_over_a_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(machine, "WINDOW", 2)
    waits = [Duration(at * 60_000) for at in range(6)]
    watch = machine.LoopLag(lambda: waits.pop(0))
    for _ in range(5):
        watch._look()
    assert 120_000 <= watch.worst < 180_000


async def test_many_short_waits_for_a_turn_add_up_within_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "WINDOW", 4)
    watch = machine.LoopLag(lambda: Duration(0))
    now = asyncio.get_running_loop().time()
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now)
    for late in [0.001, *[0.032] * 7]:
        watch._due = now - late
        watch._look()
    assert watch.worst == 4 * 30_000


def test_a_process_says_how_long_it_waited_and_one_that_is_gone_says_nothing() -> None:
    before = waited_for_processor(os.getpid())
    assert before <= waited_for_processor(os.getpid())
    assert waited_for_processor(2**22 + 1) == 0


def folder_of(scale: float) -> Path:
    """Where a run at that scale works; it must be gone when the run is over."""

    async def look() -> Path:
        plan = next(plans(select(["w2-204-bare"]), ("direct",), Options(mode="real", time_scale=scale)))
        async with real_stage(plan) as stage:
            assert stage.processes.folder.is_dir()
            return stage.processes.folder

    folder = asyncio.run(look())
    assert not folder.exists()
    return folder


@pytest.mark.real
def test_a_scaled_run_works_in_memory_and_leaves_nothing_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv("TMPDIR", raising=False)
    assert folder_of(50).parent == SHARED_MEMORY
    assert folder_of(1).parent == tmp_path
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert folder_of(50).parent == tmp_path


def test_what_a_killed_process_waited_does_not_hide_what_its_successor_waits() -> None:
    waited = {1: Duration(90_000), 2: Duration(10_000)}
    waits = SchedulerDelay(lambda pid: waited.get(pid, Duration(0)))
    assert waits.until_now([1, 2]) == 100_000
    del waited[1]
    assert waits.until_now([2]) == 100_000
    waited[3] = Duration(50_000)
    assert waits.until_now([2, 3]) == 150_000
