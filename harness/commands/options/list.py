"""The options of `firstbyte list`."""

import argparse

from firstbyte.harness.commands.options.shared import CommandOptions

KINDS = ("edges", "findings", "handlers", "scenarios", "shapes", "targets")


class ListOptions(CommandOptions, frozen=True, kw_only=True):
    """what: one of KINDS."""

    what: str
    json: bool


def add(parser: argparse.ArgumentParser) -> type[ListOptions]:
    """Its options."""
    parser.add_argument("what", choices=KINDS, help="what to list")
    parser.add_argument("--json", action="store_true", help='as JSON: [{"id", "summary"}]')
    return ListOptions
