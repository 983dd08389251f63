"""The scenarios as two suites: in virtual time, and as processes on a machine that is kept busy.

Both are played in an order that a seed draws. What a run tells must not depend on it.
"""

import os
from collections.abc import Sequence

import msgspec

from firstbyte.harness.model.result import Outcome, Run
from firstbyte.harness.runner.plan import Options, Plan
from firstbyte.harness.runner.selection import plans, run_all, select
from tests.conformance.stories import both_modes, differences
from tests.soak.busy import LOOPS
from tests.soak.load import AT_ONCE, is_held_up, played_alone, played_beside_loops
from tests.soak.order import drawn
from tests.soak.part import Failure, Round, replay_of


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

    def __init__(self, words: Sequence[str] = (), loops: int = LOOPS) -> None:
        """words: as above. loops: how many keep the machine busy."""
        self.sim: dict[str, Run] = {}
        self._plans = both_modes(words)
        self._loops = loops

    def __repr__(self) -> str:
        return f"<RealSuite of {len(self._plans)} plans>"

    def play(self, seed: int) -> Round:
        """All of them in the order of the seed."""
        if not self.sim:
            self.sim = {run.name: run for run in run_all(self._plans, os.cpu_count() or 1, lambda _run: None)}
        known = {
            plan.name: plan
            for plan in self._plans
            if self.sim[plan.name].outcome is not Outcome.NOT_APPLICABLE
        }
        runs = [
            played_alone(known[run.name]) if is_held_up(run) else run
            for run in played_beside_loops(drawn([*known.values()], seed), AT_ONCE, self._loops)
        ]
        held_up = [run for run in runs if is_held_up(run)]
        failures = [
            Failure(what=f"{run.name}: {'; '.join(wrong)}", seed=seed, replay=replay_of("real", seed))
            for run in runs
            if not is_held_up(run) and (wrong := differences(self.sim[run.name], run))
        ]
        return Round(cases=len(runs), held_up=len(held_up), failures=tuple(failures))


def told(run: Run) -> Told:
    """What a run in virtual time tells."""
    verdict = str(run.judgement.verdict) if run.judgement else ""
    return Told(outcome=run.outcome, verdict=verdict, digest=run.digest)


def fault(run: Run) -> str:
    """Why it is neither a pass nor not applicable; '' for one that is."""
    if run.outcome in (Outcome.PASS, Outcome.NOT_APPLICABLE):
        return ""
    return f"{run.outcome}: {'; '.join((*run.mismatches, run.problem))}"
