"""`firstbyte reproduce`: the acts, one row and one picture each."""

import argparse
from collections.abc import Sequence

from firstbyte.harness.commands import common, settings
from firstbyte.harness.model.result import Run
from firstbyte.harness.report import table
from firstbyte.harness.report.terminal import Terminal
from firstbyte.harness.runner.selection import plans, select
from firstbyte.harness.targets.catalogue import acts_of


def add(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument(
        "--edge",
        action="append",
        default=[],
        metavar="NAME",
        help="behind this edge instead of the report's; repeatable",
    )
    settings.add(parser)
    common.add_running(parser)


def run(options: argparse.Namespace) -> int:
    """Run the hero suite, or the target's own acts, and show them."""
    acts = acts_of(options.target, options.adapter)
    options.time_scale = options.time_scale or acts.time_scale
    stated = list(plans(select([acts.suite]), options.edge, common.options_of(options)))
    chosen = settings.with_settings(stated, options)
    return common.run_shown(chosen, options, _show)


def _show(runs: Sequence[Run], terminal: Terminal) -> None:
    table.print_acts(runs, terminal)
    table.print_runs(runs, terminal)
