"""The options of the commands that run scenarios."""

import argparse
from pathlib import Path
from typing import Literal

from firstbyte.harness.commands.options.shared import CommandOptions, add_html, add_set, count, positive
from firstbyte.harness.targets.reference import NAME as REFERENCE


class RunningOptions(CommandOptions, frozen=True, kw_only=True):
    """Of the commands that run scenarios. time_scale, mode: None = not given."""

    mode: Literal["sim", "real"] | None
    time_scale: float | None
    seed: int
    target: str
    adapter: str
    json: str | None
    html: Path | None
    junit: str | None
    jobs: int
    edge: tuple[str, ...]
    set: tuple[str, ...]
    scenario: tuple[str, ...] = ()
    shard: str | None = None


def add_running(parser: argparse.ArgumentParser) -> None:
    """--set, --mode, --time-scale, --seed, --target, --adapter, --json, --html, --junit, -j."""
    add_set(parser)
    add_option = parser.add_argument
    add_option(
        "--mode",
        choices=("sim", "real"),
        help="virtual time, or processes on loopback (default: sim, or real for any other --target)",
    )
    add_option(
        "--time-scale",
        type=positive,
        metavar="N",
        help="real mode: divide every limit and wait by N (default: 1; reproduce: what the acts are for)",
    )
    add_option("--seed", type=int, default=0, metavar="N", help="seed of ids and tokens (default: 0)")
    add_option(
        "--target",
        default=REFERENCE,
        metavar="NAME|URL",
        help="what to run against: see `firstbyte list targets` (default: reference)",
    )
    add_option("--adapter", default="", metavar="FILE", help="how to speak to the server of a --target URL")
    add_option("--json", metavar="FILE|-", help="write the results as JSON; '-' gives stdout to it alone")
    add_html(parser)
    add_option("--junit", metavar="FILE", help="write the results as JUnit XML")
    add_option(
        "-j", "--jobs", type=count, default=8, metavar="N", help="runs at once in real mode (default: 8)"
    )
