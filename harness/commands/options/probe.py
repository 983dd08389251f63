"""The options of `firstbyte probe`."""

import argparse
from pathlib import Path

from firstbyte.harness.commands.options.shared import CommandOptions, add_html, duration
from firstbyte.harness.model.units import Duration, parse_duration


class ProbeOptions(CommandOptions, frozen=True, kw_only=True):
    """Either method and url, or har. data: the body, or @ and a file's name. patience: how long to listen."""

    method: str | None
    url: str | None
    data: str | None
    header: tuple[str, ...]
    har: Path | None
    edge: tuple[str, ...]
    patience: Duration
    insecure: bool
    json: str | None
    html: Path | None


def add(parser: argparse.ArgumentParser) -> type[ProbeOptions]:
    """Its options."""
    parser.epilog = "exit code 1: an edge would cut the answer, or a finding says that it is a bug"
    add_option = parser.add_argument
    add_option("method", nargs="?", metavar="METHOD", help="GET, POST ...; sent once, never again")
    add_option("url", nargs="?", metavar="URL", help="http:// or https://, of the server itself")
    add_option("--data", metavar="TEXT|@FILE", help="the request's body, or a file that holds it")
    add_option(
        "--header",
        action="append",
        default=[],
        metavar="'NAME: VALUE'",
        help="repeatable; secrets are not shown",
    )
    add_option("--har", type=Path, metavar="FILE", help="predict for every entry of this file, send nothing")
    add_option("--edge", action="append", default=[], metavar="NAME", help="this edge only; repeatable")
    add_option(
        "--patience",
        type=duration,
        default=parse_duration("150s"),
        metavar="TIME",
        help="stop listening after so long (default: 150s)",
    )
    add_option("--insecure", action="store_true", help="accept any certificate")
    add_option("--json", metavar="FILE|-", help="write all as JSON; '-' gives stdout to it alone")
    add_html(parser)
    return ProbeOptions
