"""The options of `firstbyte diff`."""

import argparse
from pathlib import Path

from firstbyte.harness.commands.options.shared import CommandOptions


class DiffOptions(CommandOptions, frozen=True, kw_only=True):
    """before, after: result documents of the same command."""

    before: Path
    after: Path
    strict: bool
    json: str | None


def add(parser: argparse.ArgumentParser) -> type[DiffOptions]:
    """Its options."""
    parser.add_argument("before", type=Path, metavar="A.json", help="results before, written by --json")
    parser.add_argument("after", type=Path, metavar="B.json", help="results after, of the same command")
    parser.add_argument(
        "--strict", action="store_true", help="exit with 1 for any change, not only for the worse"
    )
    parser.add_argument(
        "--json", metavar="FILE|-", help="write the changes as JSON; '-' gives stdout to it alone"
    )
    return DiffOptions
