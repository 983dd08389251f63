"""The options of `firstbyte grid`."""

import argparse
from pathlib import Path

from firstbyte.harness.commands.options.shared import CommandOptions, add_html, count, positive

TIME_SCALE = 30.0
"""Limits of 2 s for 60: the shortest at which every product keeps its time on a small machine."""
JOBS = 48


class GridOptions(CommandOptions, frozen=True, kw_only=True):
    """real: products, none = all that this machine has."""

    real: tuple[str, ...]
    shape: tuple[str, ...]
    emulated_only: bool
    time_scale: float
    jobs: int
    json: str | None
    html: Path | None
    docs: Path | None


def add(parser: argparse.ArgumentParser) -> type[GridOptions]:
    """Its options."""
    add_option = parser.add_argument
    add_option("--real", action="append", default=[], metavar="NAME", help="only this product; repeatable")
    add_option("--shape", action="append", default=[], metavar="NAME", help="only this shape; repeatable")
    add_option("--emulated-only", action="store_true", help="the emulated side alone, in virtual time")
    add_option(
        "--time-scale",
        type=positive,
        default=TIME_SCALE,
        metavar="N",
        help=f"the real side: limits of 60 s divided by N (default: {TIME_SCALE:g})",
    )
    add_option("-j", "--jobs", type=count, default=JOBS, metavar="N", help=f"cells at once (default: {JOBS})")
    add_option("--json", metavar="FILE|-", help="write the cells as JSON; '-' gives stdout to it alone")
    add_html(parser)
    add_option("--docs", type=Path, metavar="DIR", help="write grid.md and grid.html there")
    return GridOptions
