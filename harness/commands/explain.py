"""`firstbyte explain`: what a finding means, how it comes about, how to fix it, with sources."""

import argparse

from firstbyte.harness.commands.common import out


def add(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("finding", help="an id from 'firstbyte list findings'")


def run(options: argparse.Namespace) -> int:
    """Print the text."""
    from firstbyte.harness.report import explain  # noqa: PLC0415 - only for this command

    out(explain.text(options.finding))
    return 0
