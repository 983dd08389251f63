"""`firstbyte reproduce`: the acts, one row and one picture each."""

from msgspec.structs import replace

from firstbyte.harness.commands import common
from firstbyte.harness.commands.options import ReproduceOptions
from firstbyte.harness.report import table
from firstbyte.harness.runner.selection import select
from firstbyte.harness.targets.catalogue import acts_of


def run(options: ReproduceOptions) -> int:
    """Run the hero suite, or the target's own acts, and show them."""
    acts = acts_of(options.target, options.adapter)
    options = replace(options, time_scale=options.time_scale or acts.time_scale)
    chosen = common.chosen_plans(select([acts.suite]), options)
    return common.run_shown(chosen, options, table.print_acts_and_runs)
