"""`firstbyte probe`: one exchange with a live server, byte by byte, and what each edge would make of it."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from firstbyte.harness.commands import site
from firstbyte.harness.model.units import BadDuration, Duration, parse_duration
from firstbyte.harness.problems import BadInput
from firstbyte.harness.version import package_version

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from firstbyte.harness.model.recording import Recording
    from firstbyte.harness.probe.examine import Examined
    from firstbyte.harness.report.progress import Progress


def add(parser: argparse.ArgumentParser) -> None:
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
    site.add(parser)


def duration(text: str) -> Duration:
    """A length of time above nothing."""
    try:
        value = parse_duration(text)
    except BadDuration as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if value <= 0:
        raise argparse.ArgumentTypeError(f"'{text}' is no time to wait; write '150s'")
    return value


def run(options: argparse.Namespace) -> int:
    """Record or read, predict, show. 1 when something would go wrong."""
    from firstbyte.harness.probe.document import har_document, probe_document  # noqa: PLC0415 - after the options are known to be good
    from firstbyte.harness.probe.edges import chosen_edges  # noqa: PLC0415

    edges = chosen_edges(options.edge)
    if options.har is not None:
        if options.method or options.url or options.data is not None or options.header:
            raise BadInput(
                "--har: nothing is sent for a HAR file; leave METHOD, URL, --data and --header out"
            )
        found = _of_har(options.har, edges, options.json)
        document = har_document(found, package_version())
    else:
        found = (_live(options, edges),)
        document = probe_document(found[0], package_version())
    _show(found, options.json)
    if options.json:
        from firstbyte.harness.report import json_out  # noqa: PLC0415 - only when results are written

        json_out.write(document, options.json)
    if options.html is not None:
        site.write_document(document, "probe", options.html)
    return 1 if any(_is_bad(one) for one in found) else 0


def _of_har(path: Path, edges: Sequence[str], json_to: str | None) -> tuple[Examined, ...]:
    from firstbyte.harness.probe.har import examine_entry, read_har  # noqa: PLC0415

    entries = read_har(path)
    found = []
    with _progress(len(entries), json_to) as progress:
        for number, entry in enumerate(entries):
            found.append(examine_entry(entry, edges, f"--har {path}: log.entries[{number}]"))
            progress.advance(f"entry {number}")
    return tuple(found)


def _progress(total: int, json_to: str | None) -> Progress:
    """On stderr; none when stdout belongs to another program."""
    from firstbyte.harness.clock import monotonic_ns  # noqa: PLC0415
    from firstbyte.harness.report.progress import Progress  # noqa: PLC0415
    from firstbyte.harness.report.terminal import terminal_of  # noqa: PLC0415

    terminal = terminal_of(sys.stderr, os.environ)
    return Progress(total, terminal, lambda: monotonic_ns() / 1e9, is_shown=json_to != "-")


async def _listened(recording: Awaitable[Recording], patience: Duration, json_to: str | None) -> Recording:
    """What is recorded, with the seconds of patience that are left."""

    async def tell() -> None:
        with _progress(ceil(patience / 1e6), json_to) as progress:
            while True:
                await asyncio.sleep(1)
                progress.advance("listening for the whole answer")

    telling = asyncio.ensure_future(tell())
    try:
        return await recording
    finally:
        telling.cancel()
        await asyncio.wait([telling])


def _live(options: argparse.Namespace, edges: Sequence[str]) -> Examined:
    from firstbyte.harness import redact  # noqa: PLC0415
    from firstbyte.harness.clock import RealClock  # noqa: PLC0415
    from firstbyte.harness.probe import address  # noqa: PLC0415
    from firstbyte.harness.probe.examine import examine  # noqa: PLC0415
    from firstbyte.harness.probe.record import record  # noqa: PLC0415

    if not options.method or not options.url:
        raise BadInput(
            "probe: needs METHOD and URL, or --har FILE; firstbyte probe GET http://127.0.0.1:4096/"
        )
    place = address.read_address(options.url, verify=not options.insecure)
    question = address.question_of(
        address.read_method(options.method),
        place.path,
        address.read_headers(options.header),
        address.read_data(options.data),
        has_body=options.data is not None,
    )
    recorded = record(place.target, question, RealClock(), options.patience)
    recording = asyncio.run(_listened(recorded, options.patience, options.json))
    return examine(redact.text(options.url), recording, edges)


def _show(found: Sequence[Examined], json_to: str | None) -> None:
    from firstbyte.harness.probe.picture import lines_of  # noqa: PLC0415
    from firstbyte.harness.report.terminal import terminal_of  # noqa: PLC0415

    terminal = terminal_of(sys.stderr if json_to == "-" else sys.stdout, os.environ)
    for number, one in enumerate(found):
        if number:
            terminal.show(((),))
        terminal.show(lines_of(one, terminal.width))


def _is_bad(one: Examined) -> bool:
    from firstbyte.harness.findings.catalogue import Level, load_finding  # noqa: PLC0415

    return bool(one.cut_by) or any(load_finding(id_).level is Level.BUG for id_ in one.findings)
