"""The options of `firstbyte explain`."""

import argparse

from firstbyte.harness.commands.options.shared import CommandOptions


class ExplainOptions(CommandOptions, frozen=True, kw_only=True):
    """finding: its id."""

    finding: str


def add(parser: argparse.ArgumentParser) -> type[ExplainOptions]:
    """Its options."""
    parser.add_argument("finding", help="an id from 'firstbyte list findings'")
    return ExplainOptions
