"""The options of `firstbyte reproduce`."""

import argparse

from firstbyte.harness.commands.options.running import RunningOptions, add_running


def add(parser: argparse.ArgumentParser) -> type[RunningOptions]:
    """Its options."""
    parser.add_argument(
        "--edge",
        action="append",
        default=[],
        metavar="NAME",
        help="behind this edge instead of the report's; repeatable",
    )
    add_running(parser)
    return RunningOptions
