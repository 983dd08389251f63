"""`firstbyte probe`: one exchange with a live server, byte by byte, and what each edge would make of it."""

import asyncio
from collections.abc import Awaitable, Sequence
from math import ceil
from pathlib import Path

from firstbyte.harness import redact
from firstbyte.harness.clock import RealClock
from firstbyte.harness.commands import console, site
from firstbyte.harness.commands.options import ProbeOptions
from firstbyte.harness.findings.catalogue import is_bug
from firstbyte.harness.model.recording import Recording
from firstbyte.harness.model.units import Duration
from firstbyte.harness.probe import address
from firstbyte.harness.probe.document import har_document, probe_document
from firstbyte.harness.probe.edges import chosen_edges
from firstbyte.harness.probe.examine import Examined, examine
from firstbyte.harness.probe.har import examine_entry, read_har
from firstbyte.harness.probe.picture import lines_of
from firstbyte.harness.probe.record import record
from firstbyte.harness.problems import BadInput
from firstbyte.harness.report import json_out
from firstbyte.harness.version import package_version


def run(options: ProbeOptions) -> int:
    """Record or read, predict, show. 1 when something would go wrong."""
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
        json_out.write(document, options.json)
    if options.html is not None:
        site.write_document(document, "probe", options.html)
    return 1 if any(one.cut_by or any(map(is_bug, one.findings)) for one in found) else 0


def _of_har(path: Path, edges: Sequence[str], json_to: str | None) -> tuple[Examined, ...]:
    entries = read_har(path)
    found = []
    with console.progress_line(len(entries), is_shown=json_to != "-") as progress:
        for number, entry in enumerate(entries):
            found.append(examine_entry(entry, edges, f"--har {path}: log.entries[{number}]"))
            progress.advance(f"entry {number}")
    return tuple(found)


async def _listened(recording: Awaitable[Recording], patience: Duration, json_to: str | None) -> Recording:
    """What is recorded, with the seconds of patience that are left."""

    async def show_progress() -> None:
        with console.progress_line(ceil(patience / 1e6), is_shown=json_to != "-") as progress:
            while True:
                await asyncio.sleep(1)
                progress.advance("listening for the whole answer")

    showing = asyncio.ensure_future(show_progress())
    try:
        return await recording
    finally:
        showing.cancel()
        await asyncio.wait([showing])


def _live(options: ProbeOptions, edges: Sequence[str]) -> Examined:
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
    terminal = console.result_terminal(json_to)
    for number, one in enumerate(found):
        if number:
            terminal.show(((),))
        terminal.show(lines_of(one, terminal.width))
