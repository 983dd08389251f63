"""`firstbyte sendstate`: the send-state contract against any front end, behind a held edge of its own."""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from firstbyte.harness import redact
from firstbyte.harness.commands import console, site
from firstbyte.harness.commands.options import SendstateOptions
from firstbyte.harness.commands.sendstate_adapter import check_adapter
from firstbyte.harness.files.loader import load_profile
from firstbyte.harness.problems import BadInput
from firstbyte.harness.report import json_out
from firstbyte.harness.report.paint import Line, Piece, Tone, line
from firstbyte.harness.report.plain import fold
from firstbyte.harness.report.site.rules import site_of
from firstbyte.harness.sendstate.adapter import load_adapter
from firstbyte.harness.sendstate.browser import running_browser
from firstbyte.harness.sendstate.contract import Rule
from firstbyte.harness.sendstate.outcome import RuleResult
from firstbyte.harness.sendstate.play import Subject, chosen, play, rehearse
from firstbyte.harness.sendstate.premises import Premises
from firstbyte.harness.targets.opencode.pages import has_page, serve_page
from firstbyte.harness.version import package_version
from firstbyte.proxies.program.arguments import read_upstream

SCHEMA = 1
TONES = {"pass": Tone.GOOD, "fail": Tone.BAD, "not-applicable": Tone.FAINT}
WORDS = {"pass": "pass", "fail": "FAIL", "not-applicable": "n/a"}


def run(options: SendstateOptions) -> int:
    """Play the rules, show the table; 1 when one failed."""
    if not has_page(options.url):
        return _run(options, options.url)
    with serve_page(options.url) as stand:
        return _run(replace(options, adapter=options.adapter or stand.adapter), stand.url)


def _run(options: SendstateOptions, url: str) -> int:
    subject, rules = _read(options, url)
    if options.check_adapter:
        return check_adapter(subject, options.url, options.json)
    terminal = console.result_terminal(options.json)
    results = []
    with running_browser() as browser, console.progress_line(len(rules)) as progress:
        premises = rehearse(subject, browser)
        _require(premises, rules)
        for rule in rules:
            results.append(play(rule, subject, browser, premises=premises))
            progress.hide()
            terminal.show(_row(results[-1], terminal.width))
            progress.advance(rule.id)
    terminal.show(_summary(results))
    if options.html is not None:
        _write_page(results, subject.adapter.name, options, options.html)
    if options.json:
        json_out.write(document(options.url, subject.adapter.name, results), options.json)
    return 1 if any(result.result == "fail" for result in results) else 0


def _require(premises: Premises, rules: Sequence[Rule]) -> None:
    """Raise BadInput before a rule is played when the adapter does not find what the rules rely on."""
    unproven = {one.key: one for rule in rules for one in premises.unproven(rule)}
    if not unproven:
        return
    lines = "".join(f"\n  {one.key} = {one.value!r}: {one.seen}" for one in unproven.values())
    left = [rule.id for rule in rules if not premises.unproven(rule)]
    cure = f"; without it these can be judged: {', '.join(left)} (--rule)" if left else ""
    raise BadInput(
        f"{premises.adapter}: the adapter does not fit the page, so no rule was played{cure}:{lines}"
    )


def document(url: str, adapter: str, results: Sequence[RuleResult]) -> dict[str, Any]:
    """What --json writes."""
    return {
        "schema": SCHEMA,
        "firstbyte": package_version(),
        "url": url,
        "adapter": adapter,
        "rules": [msgspec.to_builtins(result) for result in results],
    }


def _write_page(results: Sequence[RuleResult], adapter: str, options: SendstateOptions, folder: Path) -> None:
    words = ("sendstate", options.url, "--adapter", str(options.adapter), "--edge", options.edge)
    page = site_of(
        results,
        url=options.url,
        adapter=adapter,
        facts=site.facts(),
        replay=shlex.join(("firstbyte", *words)),
        folder=folder,
    )
    site.write(page, folder, [])


def _read(options: SendstateOptions, url: str) -> tuple[Subject, list[Rule]]:
    if options.adapter is None:
        raise BadInput("--adapter: is needed for a URL; name a TOML that says where things are on the page")
    load_profile(options.edge)
    subject = Subject(
        adapter=load_adapter(options.adapter),
        upstream=read_upstream(url, verify=not options.insecure_upstream),
        edge=options.edge,
        artefacts=options.artefacts,
        storage_state=options.storage_state,
    )
    return subject, chosen(options.rule)


def _row(result: RuleResult, width: int) -> Iterator[Line]:
    word = Piece(WORDS[result.result].ljust(6), TONES[result.result])
    yield line(word, result.id.ljust(32), Piece(result.level, Tone.FAINT))
    if result.result == "pass":
        return
    kept = result.artefacts if result.result == "fail" else ()
    for text in (result.claim, result.detail, *kept):
        # Redacted before it is folded: half a secret is not recognised.
        for part in fold(redact.text(text), width - 6, indent="  "):
            yield line("      ", part)


def _summary(results: Sequence[RuleResult]) -> Iterator[Line]:
    counts = {kind: sum(one.result == kind for one in results) for kind in ("fail", "pass", "not-applicable")}
    yield line(
        f"{len(results)} rules: " + ", ".join(f"{number} {kind}" for kind, number in counts.items() if number)
    )
