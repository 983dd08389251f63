"""The options of `firstbyte check`."""

import argparse
from pathlib import Path

from firstbyte.harness.commands.options.shared import CommandOptions, add_set


class CheckOptions(CommandOptions, frozen=True, kw_only=True):
    """path: files and folders; none = all that come with firstbyte."""

    path: tuple[Path, ...]
    chain: str | None
    set: tuple[str, ...]
    strict: bool
    json: str | None


def add(parser: argparse.ArgumentParser) -> type[CheckOptions]:
    """Its options."""
    parser.add_argument(
        "path", nargs="*", type=Path, help="TOML files or folders (default: all that comes with firstbyte)"
    )
    parser.add_argument(
        "--chain", metavar="EDGE,EDGE", help="warn of deadlines in the wrong order; the client's side first"
    )
    add_set(parser)
    parser.add_argument("--strict", action="store_true", help="exit with 1 when there is a warning")
    parser.add_argument("--json", metavar="FILE|-", help="with --chain: write the warnings as JSON")
    return CheckOptions
