"""The options of `firstbyte merge`."""

import argparse
from pathlib import Path

from firstbyte.harness.commands.options.shared import CommandOptions


class MergeOptions(CommandOptions, frozen=True, kw_only=True):
    """file: the results of the shards."""

    file: tuple[Path, ...]
    json: str


def add(parser: argparse.ArgumentParser) -> type[MergeOptions]:
    """Its options."""
    parser.add_argument(
        "file",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="results of `firstbyte run --shard I/N --json FILE`",
    )
    parser.add_argument(
        "--json", default="-", metavar="FILE|-", help="where to write the whole (default: standard output)"
    )
    return MergeOptions
