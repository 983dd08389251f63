"""The options of `firstbyte audit`."""

import argparse
from pathlib import Path

from firstbyte.harness.commands.options.shared import CommandOptions, add_html, count, duration
from firstbyte.harness.model.units import Duration, parse_duration

_RATES = {"s": 1, "m": 60, "h": 3600}


class AuditOptions(CommandOptions, frozen=True, kw_only=True):
    """rate: the time between two requests. patience: how long to listen to one."""

    source: str
    server: str | None
    unsafe: bool
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    header: tuple[str, ...]
    param: tuple[str, ...]
    repeat: int
    rate: Duration
    jobs: int
    patience: Duration
    insecure: bool
    edge: tuple[str, ...]
    baseline: Path | None
    json: str | None
    html: Path | None
    junit: str | None


def add(parser: argparse.ArgumentParser) -> type[AuditOptions]:
    """Its options."""
    parser.epilog = (
        "exit code 1: an edge would cut an operation, or a finding says that it is a bug; with --baseline "
        "only what its document does not have"
    )
    add_option = parser.add_argument
    add_option(
        "source", metavar="OPENAPI_URL_OR_FILE", help="an OpenAPI 3 or Swagger 2 document, JSON or YAML"
    )
    _add_choice(parser)
    _add_sending(parser)
    add_option("--edge", action="append", default=[], metavar="NAME", help="this edge only; repeatable")
    add_option("--baseline", type=Path, metavar="FILE", help="an earlier --json: fail on what is new alone")
    add_option("--json", metavar="FILE|-", help="write all as JSON; '-' gives stdout to it alone")
    add_html(parser)
    add_option("--junit", metavar="FILE", help="write JUnit XML: a suite an edge, a case an operation")
    return AuditOptions


def _add_choice(parser: argparse.ArgumentParser) -> None:
    add_option = parser.add_argument
    add_option("--server", metavar="URL", help="the server, when the document does not say which")
    add_option("--unsafe", action="store_true", help="send POST, PUT, PATCH and DELETE too")
    add_option(
        "--include", action="append", default=[], metavar="PATTERN", help="'/a/*' or 'GET /a/*'; repeatable"
    )
    add_option(
        "--exclude", action="append", default=[], metavar="PATTERN", help="the same, left out; repeatable"
    )
    add_option(
        "--header",
        action="append",
        default=[],
        metavar="'NAME: VALUE'",
        help="repeatable; secrets are not shown",
    )
    add_option(
        "--param", action="append", default=[], metavar="NAME=VALUE", help="for paths and queries; repeatable"
    )


def _add_sending(parser: argparse.ArgumentParser) -> None:
    add_option = parser.add_argument
    add_option(
        "--repeat", type=count, default=1, metavar="N", help="send each N times, keep the worst (default: 1)"
    )
    add_option(
        "--rate", type=rate, default=Duration(0), metavar="N/s", help="no more requests than that: 5/s, 30/m"
    )
    add_option("-j", "--jobs", type=count, default=4, metavar="N", help="so many at once (default: 4)")
    add_option(
        "--patience",
        type=duration,
        default=parse_duration("150s"),
        metavar="TIME",
        help="stop listening to an operation after so long (default: 150s)",
    )
    add_option("--insecure", action="store_true", help="accept any certificate")


def rate(text: str) -> Duration:
    """`5/s`, `30/m`, `100/h` as the time between two requests."""
    number, slash, unit = text.partition("/")
    if not (slash and number.isascii() and number.isdigit() and int(number) > 0 and unit in _RATES):
        raise argparse.ArgumentTypeError(f"'{text}' is no rate; write 5/s, 30/m or 100/h")
    return Duration(_RATES[unit] * 1_000_000 // int(number))
