"""The options of `firstbyte show`."""

import argparse

from firstbyte.harness.commands.options.shared import CommandOptions


class ShowOptions(CommandOptions, frozen=True, kw_only=True):
    """name: an id, or the path of a profile."""

    name: str


def add(parser: argparse.ArgumentParser) -> type[ShowOptions]:
    """Its options."""
    parser.add_argument("name", help="an id from 'firstbyte list', or the path of a profile")
    return ShowOptions
