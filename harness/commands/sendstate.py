"""`firstbyte sendstate`: the send-state contract against any front end, behind a held edge of its own."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from firstbyte.harness import redact
from firstbyte.harness.commands import site
from firstbyte.harness.problems import BadInput, MissingTool
from firstbyte.harness.version import package_version

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from firstbyte.harness.report.paint import Line
    from firstbyte.harness.sendstate.outcome import RuleResult
    from firstbyte.harness.sendstate.play import Subject

SCHEMA = 1


def add(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument(
        "url",
        metavar="URL|NAME",
        help="the server with the page, such as http://127.0.0.1:4096; or opencode@VERSION, which is started",
    )
    parser.add_argument(
        "--adapter", type=Path, metavar="FILE", help="TOML: where things are on the page; needed for a URL"
    )
    parser.add_argument(
        "--rule", action="append", default=[], metavar="ID", help="this rule only; repeatable"
    )
    parser.add_argument("--edge", default="cloudflare-100", metavar="NAME", help="default: cloudflare-100")
    parser.add_argument(
        "--artefacts",
        type=Path,
        default=Path("sendstate"),
        metavar="DIR",
        help="for each rule's picture, and a failure's trace and timeline (default: ./sendstate)",
    )
    parser.add_argument(
        "--storage-state",
        type=Path,
        metavar="FILE",
        help="a Playwright storage state, for pages behind a login",
    )
    parser.add_argument(
        "--insecure-upstream", action="store_true", help="accept any certificate of an https server"
    )
    site.add(parser)
    parser.add_argument(
        "--json", metavar="FILE|-", help="write the results as JSON; '-' gives stdout to it alone"
    )


def run(options: argparse.Namespace) -> int:
    """Play the rules, show the table; 1 when one failed."""
    from firstbyte.harness.targets.opencode.pages import has_page, standing  # noqa: PLC0415 - starts things

    if not has_page(options.url):
        return _run(options, options.url)
    with standing(options.url) as stand:
        options.adapter = options.adapter or stand.adapter
        return _run(options, stand.url)


def _run(options: argparse.Namespace, url: str) -> int:
    subject, rules = _read(options, url)
    from firstbyte.harness.clock import monotonic_ns  # noqa: PLC0415
    from firstbyte.harness.report.progress import Progress  # noqa: PLC0415
    from firstbyte.harness.report.terminal import terminal_of  # noqa: PLC0415 - after the options are known to be good
    from firstbyte.harness.sendstate.browser import running_browser  # noqa: PLC0415
    from firstbyte.harness.sendstate.play import play  # noqa: PLC0415

    stream = sys.stderr if options.json == "-" else sys.stdout
    terminal = terminal_of(stream, os.environ)
    results = []
    shown = terminal_of(sys.stderr, os.environ)
    with running_browser() as browser, Progress(len(rules), shown, lambda: monotonic_ns() / 1e9) as progress:
        for rule in rules:
            results.append(play(rule, subject, browser))
            progress.hide()
            terminal.show(_row(results[-1], terminal.width))
            progress.advance(rule.id)
    terminal.show(_summary(results))
    if options.html is not None:
        _write_page(results, subject.adapter.name, options)
    if options.json:
        from firstbyte.harness.report import json_out  # noqa: PLC0415 - only when results are written

        json_out.write(document(options.url, subject.adapter.name, results), options.json)
    return 1 if any(result.result == "fail" for result in results) else 0


def document(url: str, adapter: str, results: Sequence[RuleResult]) -> dict[str, Any]:
    """What --json writes."""
    return {
        "schema": SCHEMA,
        "firstbyte": package_version(),
        "url": url,
        "adapter": adapter,
        "rules": [msgspec.to_builtins(result) for result in results],
    }


def _write_page(results: Sequence[RuleResult], adapter: str, options: argparse.Namespace) -> None:
    from firstbyte.harness.report.site.rules import site_of  # noqa: PLC0415 - only when a page is written

    replay = [
        "firstbyte",
        "sendstate",
        options.url,
        "--adapter",
        str(options.adapter),
        "--edge",
        options.edge,
    ]
    page = site_of(
        results,
        url=options.url,
        adapter=adapter,
        facts=site.facts(),
        replay=shlex.join(replay),
        folder=options.html,
    )
    site.write(page, options.html, [])


def _read(options: argparse.Namespace, url: str) -> tuple[Subject, list[Any]]:
    from firstbyte.harness.files.loader import load_profile  # noqa: PLC0415
    from firstbyte.harness.sendstate.adapter import load_adapter  # noqa: PLC0415
    from firstbyte.proxies.program.arguments import read_upstream  # noqa: PLC0415

    if options.adapter is None:
        raise BadInput("--adapter: is needed for a URL; name a TOML that says where things are on the page")
    adapter = load_adapter(options.adapter)
    load_profile(options.edge)
    upstream = read_upstream(url, verify=not options.insecure_upstream)
    try:
        from firstbyte.harness.sendstate.play import Subject, chosen  # noqa: PLC0415 - needs the optional Playwright
    except ModuleNotFoundError as error:
        from firstbyte.harness.sendstate.browser import NO_PLAYWRIGHT  # noqa: PLC0415

        raise MissingTool(NO_PLAYWRIGHT) from error
    subject = Subject(
        adapter=adapter,
        upstream=upstream,
        edge=options.edge,
        artefacts=options.artefacts,
        storage_state=options.storage_state,
    )
    return subject, chosen(options.rule)


def _row(result: RuleResult, width: int) -> Iterator[Line]:
    from firstbyte.harness.report.paint import Piece, Tone, line  # noqa: PLC0415
    from firstbyte.harness.report.plain import fold  # noqa: PLC0415

    # Before it is folded: half a secret is not recognised.
    tones = {"pass": Tone.GOOD, "fail": Tone.BAD, "not-applicable": Tone.FAINT}
    words = {"pass": "pass", "fail": "FAIL", "not-applicable": "n/a"}
    word = Piece(words[result.result].ljust(6), tones[result.result])
    yield line(word, result.id.ljust(32), Piece(result.level, Tone.FAINT))
    if result.result != "pass":
        kept = result.artefacts if result.result == "fail" else ()
        told = (result.claim, result.detail, *kept)
        for folded in (one for text in told for one in fold(redact.text(text), width - 6, indent="  ")):
            yield line("      ", folded)


def _summary(results: Sequence[RuleResult]) -> Iterator[Line]:
    from firstbyte.harness.report.paint import line  # noqa: PLC0415

    counts = {kind: sum(one.result == kind for one in results) for kind in ("fail", "pass", "not-applicable")}
    yield line(
        f"{len(results)} rules: " + ", ".join(f"{number} {kind}" for kind, number in counts.items() if number)
    )
