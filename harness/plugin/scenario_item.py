"""Scenario files as pytest's items: one item for each scenario and edge, played in virtual time."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from firstbyte.harness import redact
from firstbyte.harness.checks.suite import load_checked_suite
from firstbyte.harness.model.result import Outcome, Run
from firstbyte.harness.problems import BadInput
from firstbyte.harness.report import explain, picture
from firstbyte.harness.runner.plan import Options, Plan
from firstbyte.harness.runner.play import run_in_sim
from firstbyte.harness.runner.selection import plans


class ScenarioFile(pytest.File):
    """One scenario file."""

    def collect(self) -> Iterator[pytest.Item]:
        """An item for each scenario x edge, named `scenario[edge]`."""
        try:
            chosen = list(plans(load_checked_suite(self.path).scenario, (), Options()))
        except BadInput as error:
            raise self.CollectError(str(error)) from error
        for plan in chosen:
            yield ScenarioItem.from_parent(self, name=plan.name, plan=plan)


class ScenarioFailed(Exception):
    """The scenario's claim did not hold, or it could not be judged."""

    def __init__(self, run: Run) -> None:
        super().__init__(run.name)
        self.run = run


class ScenarioItem(pytest.Item):
    """One scenario behind one edge."""

    def __init__(self, *, plan: Plan, **rest: object) -> None:
        super().__init__(**rest)  # type: ignore[arg-type] # pytest's own keywords
        self._plan = plan

    def runtest(self) -> None:
        """Run it in virtual time."""
        run = run_in_sim(self._plan)
        if run.judgement is not None:
            self.user_properties += [("verdict", str(run.judgement.verdict)), ("digest", run.digest)]
        if run.outcome is Outcome.NOT_APPLICABLE:
            pytest.skip(run.problem)
        if run.outcome is not Outcome.PASS:
            raise ScenarioFailed(run)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        """The claim, what differed, and the timeline's picture."""
        if not isinstance(excinfo.value, ScenarioFailed):
            return str(super().repr_failure(excinfo))
        run = excinfo.value.run
        lines = [f"claim: {run.claim}", f"expected: {run.expected}", *run.mismatches]
        if run.problem:
            lines.append(f"{run.outcome}: {run.problem}")
        lines = [redact.text(line) for line in lines]
        if run.timeline.events:
            lines += ["", picture.render(run, width=100, colour=False)]
        lines += explain.cures(run.findings)
        return "\n".join(lines)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where it is."""
        return self.path, None, self.name
