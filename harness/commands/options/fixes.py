"""The options of `firstbyte fixes`."""

import argparse
from pathlib import Path

from firstbyte.harness.commands.options.shared import CommandOptions, positive
from firstbyte.harness.fixes.measured import FILE

TIME_SCALE = 20.0
"""Limits of 3 s for 60."""
PAGE = "fixes.md"


class FixesOptions(CommandOptions, frozen=True, kw_only=True):
    """docs: the folder for the page."""

    edge: tuple[str, ...]
    fix: tuple[str, ...]
    real: bool
    record: bool
    time_scale: float
    json: str | None
    docs: Path | None


def add(parser: argparse.ArgumentParser) -> type[FixesOptions]:
    """Its options."""
    add_option = parser.add_argument
    add_option("--edge", action="append", default=[], metavar="NAME", help="only this edge, with evidence")
    add_option("--fix", action="append", default=[], metavar="NAME", help="only this fix; repeatable")
    add_option(
        "--real",
        action="store_true",
        help="measure on the real products now, not taking what was kept",
    )
    add_option("--record", action="store_true", help=f"with --real: keep it in {FILE.name}")
    add_option(
        "--time-scale",
        type=positive,
        default=TIME_SCALE,
        metavar="N",
        help=f"of --real: limits and work divided by N (default: {TIME_SCALE:g})",
    )
    add_option("--json", metavar="FILE|-", help="write the cells as JSON; '-' gives stdout to it alone")
    add_option("--docs", nargs="?", type=Path, const=Path("docs"), metavar="DIR", help=f"write {PAGE} there")
    return FixesOptions
