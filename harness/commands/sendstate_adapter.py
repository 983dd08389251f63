"""`firstbyte sendstate --check-adapter`: what each key of an adapter matched on the page."""

from collections.abc import Iterator
from typing import Any

import msgspec

from firstbyte.harness import redact
from firstbyte.harness.commands import console
from firstbyte.harness.report import json_out
from firstbyte.harness.report.paint import Line, Piece, Tone, line
from firstbyte.harness.report.plain import fold
from firstbyte.harness.sendstate.browser import running_browser
from firstbyte.harness.sendstate.contract import RULES
from firstbyte.harness.sendstate.play import Subject, rehearse
from firstbyte.harness.sendstate.premises import Premise, Premises, State
from firstbyte.harness.version import package_version

SCHEMA = 1
WORDS = {State.MATCHED: "ok", State.MISSED: "MISSED", State.NOT_TRIED: "none", State.NOT_USED: "-"}
TONES = {
    State.MATCHED: Tone.GOOD,
    State.MISSED: Tone.BAD,
    State.NOT_TRIED: Tone.BAD,
    State.NOT_USED: Tone.FAINT,
}


def check_adapter(subject: Subject, url: str, json_to: str | None) -> int:
    """Try the adapter, show what came of each key; 2 when one matched nothing where it must."""
    terminal = console.result_terminal(json_to)
    with running_browser() as browser:
        premises = rehearse(subject, browser)
    for one in premises.all:
        terminal.show(_row(one, terminal.width))
    terminal.show(_summary(premises))
    if json_to:
        json_out.write(document(url, premises), json_to)
    return 2 if any(one.is_unproven for one in premises.all) else 0


def document(url: str, premises: Premises) -> dict[str, Any]:
    """What --json writes."""
    return {
        "schema": SCHEMA,
        "firstbyte": package_version(),
        "url": url,
        "adapter": premises.adapter,
        "keys": [msgspec.to_builtins(one) for one in premises.all],
        "rules": {rule.id: [one.key for one in premises.unproven(rule)] for rule in RULES},
    }


def _row(one: Premise, width: int) -> Iterator[Line]:
    word = Piece(WORDS[one.state].ljust(7), TONES[one.state])
    yield line(word, one.key.ljust(20), Piece(redact.text(one.value), Tone.FAINT))
    for part in fold(redact.text(one.seen), width - 7, indent="  "):
        yield line("       ", part)


def _summary(premises: Premises) -> Iterator[Line]:
    unproven = [one.key for one in premises.all if one.is_unproven]
    if not unproven:
        yield line(f"{len(premises.all)} keys: the adapter fits the page")
        return
    blocked = [rule.id for rule in RULES if premises.unproven(rule)]
    yield line(
        f"{len(premises.all)} keys, {len(unproven)} matched nothing where it must: {', '.join(unproven)}"
    )
    yield line(f"{len(blocked)} of {len(RULES)} rules can't be judged")
