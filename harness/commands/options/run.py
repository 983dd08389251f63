"""The options of `firstbyte run`."""

import argparse

from firstbyte.harness.commands.options.running import RunningOptions, add_running


class RunOptions(RunningOptions, frozen=True, kw_only=True):
    """verbose: a picture for every run."""

    verbose: bool


def add(parser: argparse.ArgumentParser) -> type[RunOptions]:
    """Its options."""
    parser.add_argument(
        "scenario", nargs="*", help="suite, id, glob or file (default: all that come with firstbyte)"
    )
    parser.add_argument(
        "--edge",
        action="append",
        default=[],
        metavar="NAME",
        help="behind this edge, or chain NAME,NAME, instead of the stated ones; repeatable",
    )
    parser.add_argument("--shard", metavar="I/N", help="only part I of N")
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="a timeline picture for every run, not only for failures"
    )
    add_running(parser)
    return RunOptions
