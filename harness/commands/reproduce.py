"""`firstbyte reproduce`: the acts, one row and one picture each."""

from collections.abc import Sequence

from msgspec.structs import replace

from firstbyte.harness.commands import common, settings
from firstbyte.harness.commands.options import ReproduceOptions
from firstbyte.harness.model.result import Run
from firstbyte.harness.report import table
from firstbyte.harness.report.terminal import Terminal
from firstbyte.harness.runner.selection import plans, select
from firstbyte.harness.targets.catalogue import acts_of


def run(options: ReproduceOptions) -> int:
    """Run the hero suite, or the target's own acts, and show them."""
    acts = acts_of(options.target, options.adapter)
    options = replace(options, time_scale=options.time_scale or acts.time_scale)
    stated = list(plans(select([acts.suite]), options.edge, common.options_of(options)))
    chosen = settings.with_settings(stated, options.set)
    return common.run_shown(chosen, options, _show)


def _show(runs: Sequence[Run], terminal: Terminal) -> None:
    table.print_acts(runs, terminal)
    table.print_runs(runs, terminal)
