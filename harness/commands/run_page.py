"""`--html` of the commands that run scenarios."""

from collections.abc import Sequence
from pathlib import Path

from firstbyte.harness.commands import site
from firstbyte.harness.commands.options import RunningOptions
from firstbyte.harness.files.loader import load_suites
from firstbyte.harness.model.result import Run
from firstbyte.harness.report.site.charts import counts_by_column, findings_by_level
from firstbyte.harness.report.site.runs import Replay, site_of
from firstbyte.harness.runner.plan import Plan


def write_page(runs: Sequence[Run], chosen: Sequence[Plan], options: RunningOptions, folder: Path) -> None:
    """Write the page of these runs."""
    page = site_of(
        runs,
        title=f"firstbyte {options.command}",
        facts=site.facts(),
        profiles={(plan.scenario.id, plan.edge): plan.profiles for plan in chosen},
        replay=Replay(
            known=frozenset(one.id for suite in load_suites() for one in suite.scenario),
            files=tuple(word for word in options.scenario if word.endswith(".toml")),
            settings=options.set,
        ),
    )
    site.write(page, folder, [counts_by_column(page), findings_by_level(page)])
