"""The options of `firstbyte schema`."""

import argparse
from pathlib import Path

from firstbyte.harness.commands.options.shared import CommandOptions

NAMES = ("scenario", "shape", "profile", "adapter")


class SchemaOptions(CommandOptions, frozen=True, kw_only=True):
    """name: one of NAMES. write: the folder for all of them."""

    name: str
    write: Path | None


def add(parser: argparse.ArgumentParser) -> type[SchemaOptions]:
    """Its options."""
    parser.add_argument("name", nargs="?", default="", help=f"of which file: {', '.join(NAMES)}")
    parser.add_argument(
        "--write", type=Path, metavar="DIR", help="write all of them there instead, NAME.json each"
    )
    return SchemaOptions
