"""`firstbyte explain`: what a finding means, how it comes about, how to fix it, with sources."""

import argparse

from firstbyte.harness.commands.printing import out
from firstbyte.harness.report.explain import text


def add(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("finding", help="an id from 'firstbyte list findings'")


def run(options: argparse.Namespace) -> int:
    """Print the text."""
    out(text(options.finding))
    return 0
