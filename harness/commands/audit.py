"""`firstbyte audit`: every operation of an OpenAPI document, and what each edge would make of its answer."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from firstbyte.harness.commands import site
from firstbyte.harness.commands.common import count
from firstbyte.harness.commands.probe import duration
from firstbyte.harness.model.units import Duration, parse_duration
from firstbyte.harness.problems import BadInput
from firstbyte.harness.version import package_version

if TYPE_CHECKING:
    from collections.abc import Sequence

    from firstbyte.harness.audit.operations import Choice, Operation
    from firstbyte.harness.audit.run import Audited
    from firstbyte.harness.audit.source import Source

_RATES = {"s": 1, "m": 60, "h": 3600}


def add(parser: argparse.ArgumentParser) -> None:
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
    site.add(parser)
    add_option("--junit", metavar="FILE", help="write JUnit XML: a suite an edge, a case an operation")


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


def run(options: argparse.Namespace) -> int:
    """Send, examine, show. 1 when something would go wrong that the baseline does not know."""
    from firstbyte.harness.audit.baseline import read_baseline, troubles  # noqa: PLC0415 - after the options are known to be good
    from firstbyte.harness.audit.operations import operations_of  # noqa: PLC0415
    from firstbyte.harness.audit.source import read_source  # noqa: PLC0415
    from firstbyte.harness.probe.edges import chosen_edges  # noqa: PLC0415

    edges = chosen_edges(options.edge)
    known = read_baseline(options.baseline) if options.baseline is not None else None
    choice = _choice(options)
    source = read_source(options.source, choice.headers, options.server, verify=not options.insecure)
    operations = operations_of(source, choice)
    if not operations:
        raise BadInput("audit: --include and --exclude leave no operation; loosen them")
    audited = _send(options, operations, source, edges)
    _report(options, audited, source, edges, known)
    return 1 if troubles(audited) - (known or frozenset()) else 0


def _choice(options: argparse.Namespace) -> Choice:
    from firstbyte.harness.audit.operations import Choice  # noqa: PLC0415
    from firstbyte.harness.probe.address import read_headers  # noqa: PLC0415

    params = {}
    for text in options.param:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise BadInput(f"--param '{text}': is no value; write NAME=VALUE, such as sessionID=ses_1")
        params[name] = value
    return Choice(
        include=tuple(options.include),
        exclude=tuple(options.exclude),
        unsafe=options.unsafe,
        headers=read_headers(options.header),
        params=params,
    )


def _send(
    options: argparse.Namespace, operations: Sequence[Operation], source: Source, edges: Sequence[str]
) -> tuple[Audited, ...]:
    from firstbyte.harness import redact  # noqa: PLC0415
    from firstbyte.harness.audit.run import Pace, Sender, audited_of  # noqa: PLC0415
    from firstbyte.harness.clock import RealClock, monotonic_ns  # noqa: PLC0415
    from firstbyte.harness.probe.address import read_address  # noqa: PLC0415
    from firstbyte.harness.report.progress import Progress  # noqa: PLC0415
    from firstbyte.harness.report.terminal import terminal_of  # noqa: PLC0415

    pace = Pace(patience=options.patience, every=options.rate, jobs=options.jobs, repeat=options.repeat)
    total = sum(one.question is not None for one in operations)
    terminal = terminal_of(sys.stderr, os.environ)
    target = read_address(source.server, verify=not options.insecure).target
    with Progress(total, terminal, lambda: monotonic_ns() / 1e9) as progress:
        heard = asyncio.run(Sender(target, pace, RealClock(), progress.advance).all(operations))
    return tuple(audited_of(one, redact.text(source.server), edges) for one in heard)


def _report(
    options: argparse.Namespace,
    audited: Sequence[Audited],
    source: Source,
    edges: Sequence[str],
    known: frozenset[tuple[str, str]] | None,
) -> None:
    from firstbyte.harness.audit import junit  # noqa: PLC0415
    from firstbyte.harness.audit.document import audit_document  # noqa: PLC0415
    from firstbyte.harness.audit.table import table  # noqa: PLC0415
    from firstbyte.harness.report import json_out  # noqa: PLC0415
    from firstbyte.harness.report.terminal import terminal_of  # noqa: PLC0415

    document = audit_document(audited, source.server, known, package_version())
    if options.json:
        json_out.write(document, options.json)
    if options.html is not None:
        site.write_document(document, "audit", options.html)
    if options.junit:
        junit.write(audited, edges, known, options.junit)
    terminal = terminal_of(sys.stderr if options.json == "-" else sys.stdout, os.environ)
    terminal.show(table(audited, known, terminal.width))
