"""The scenarios as two suites: in virtual time, and as processes on a machine that is kept busy.

Both are played in an order that a seed draws. What a run tells must not depend on it.
"""

import asyncio
import os
from collections.abc import Sequence

import msgspec

from firstbyte.harness.result import Outcome, Run
from firstbyte.harness.runner.matrix import plans, run_all, select
from firstbyte.harness.runner.plan import Options, Plan
from firstbyte.harness.runner.run import TOO_BUSY, run_real
from tests.conformance.stories import both_modes, differences, real_plan
from tests.soak.busy import busy_machine
from tests.soak.order import drawn
from tests.soak.part import Failure, Round, replay_of

AT_ONCE, AGAIN_AT_ONCE = 12, 3
"""Runs in real mode at a time: they wait for their limits, so one after the other would take an hour. What
was held up is played again beside the same busy loops, fewer at a time.
"""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What must be the same each time; digest is a fingerprint of every event and time."""

    outcome: Outcome
    verdict: str
    digest: str


class SimSuite:
    """Every scenario behind every stated edge, in virtual time.

    The first time is in the order of the files, whose verdicts and digests all others are held to.
    """

    def __init__(self, *, jobs: int | None = None, words: Sequence[str] = ()) -> None:
        """words: suites or scenarios; all of them when there are none."""
        self.first: dict[str, Told] = {}
        self._jobs = jobs or os.cpu_count() or 1
        self._plans = tuple(plans(select(words), (), Options()))

    def __repr__(self) -> str:
        return f"<SimSuite of {len(self._plans)} plans>"

    def play(self, seed: int) -> Round:
        """All of them in the order of the seed."""
        stated = [] if self.first else self._run(self._plans)
        for run in stated:
            self.first[run.name] = told(run)
        runs = self._run(drawn(self._plans, seed))
        wrong = [
            f"in the order of the files: {run.name}: {problem}" for run in stated if (problem := fault(run))
        ]
        for run in runs:
            if problem := fault(run):
                wrong.append(f"{run.name}: {problem}")
            elif told(run) != self.first[run.name]:
                wrong.append(f"{run.name}: {told(run)} where it was {self.first[run.name]}")
        failures = tuple(Failure(what=what, seed=seed, replay=replay_of("sim", seed)) for what in wrong)
        return Round(cases=len(stated) + len(runs), failures=failures)

    def _run(self, chosen: Sequence[Plan]) -> tuple[Run, ...]:
        return run_all(chosen, self._jobs, lambda _run: None)


class RealSuite:
    """Every scenario that both modes run, as processes beside busy loops: it tells what it tells in sim."""

    def __init__(self) -> None:
        self._plans = both_modes()
        self._sim: dict[str, Run] = {}

    def __repr__(self) -> str:
        return f"<RealSuite of {len(self._plans)} plans>"

    def play(self, seed: int) -> Round:
        """All of them in the order of the seed."""
        if not self._sim:
            self._sim = {
                run.name: run for run in run_all(self._plans, os.cpu_count() or 1, lambda _run: None)
            }
        known = [one for one in self._plans if self._sim[one.name].outcome is not Outcome.NOT_APPLICABLE]
        with busy_machine():
            runs = asyncio.run(_played(drawn(known, seed), AT_ONCE))
            unclear = {run.name for run in runs if is_held_up(run)}
            again = asyncio.run(_played([one for one in known if one.name in unclear], AGAIN_AT_ONCE))
        runs = [*(run for run in runs if run.name not in unclear), *again]
        held_up = [run for run in runs if is_held_up(run)]
        failures = [
            Failure(what=f"{run.name}: {'; '.join(wrong)}", seed=seed, replay=replay_of("real", seed))
            for run in runs
            if not is_held_up(run) and (wrong := differences(self._sim[run.name], run))
        ]
        return Round(cases=len(runs), held_up=len(held_up), failures=tuple(failures))


async def _played(chosen: Sequence[Plan], at_once: int) -> list[Run]:
    places = asyncio.Semaphore(at_once)

    async def one(plan: Plan) -> Run:
        async with places:
            return await run_real(real_plan(plan))

    return await asyncio.gather(*(one(plan) for plan in chosen))


def told(run: Run) -> Told:
    """What a run in virtual time tells."""
    verdict = str(run.judgement.verdict) if run.judgement else ""
    return Told(outcome=run.outcome, verdict=verdict, digest=run.digest)


def fault(run: Run) -> str:
    """Why it is neither a pass nor not applicable; '' for one that is."""
    if run.outcome in (Outcome.PASS, Outcome.NOT_APPLICABLE):
        return ""
    return f"{run.outcome}: {'; '.join((*run.mismatches, run.problem))}"


def is_held_up(run: Run) -> bool:
    """It proves nothing: the machine held it up each time it was played."""
    return run.outcome is Outcome.SETUP_ERROR and run.problem.startswith(TOO_BUSY)
