"""`firstbyte run`: scenarios x edges, judged."""

from firstbyte.harness.commands import common
from firstbyte.harness.commands.options import RunOptions
from firstbyte.harness.problems import BadInput
from firstbyte.harness.report import table
from firstbyte.harness.runner.selection import select, shard


def run(options: RunOptions) -> int:
    """Run and report."""
    chosen = common.chosen_plans(select(options.scenario), options)
    if options.shard:
        chosen = shard(chosen, *_shard(options.shard))
    return common.run_shown(
        chosen, options, table.print_acts_and_runs if options.verbose else table.print_runs
    )


def _shard(text: str) -> tuple[int, int]:
    index, _, count = text.partition("/")
    if not (index.isdigit() and count.isdigit() and 1 <= int(index) <= int(count)):
        raise BadInput(f"--shard: '{text}' is not I/N with 1 <= I <= N, such as 2/4")
    return int(index), int(count)
