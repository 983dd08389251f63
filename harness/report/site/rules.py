"""Send-state rules as a page of results: rule x front end, with pictures, traces and what happened.

Reads the files that a failed rule left. It must never decide anything.
"""

import base64
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from firstbyte.harness.problems import BadInput
from firstbyte.harness.report.site.model import Case, Hue, Lanes, Link, Mark, Row, Site, Word
from firstbyte.harness.sendstate.outcome import Result, RuleResult
from firstbyte.harness.sendstate.timeline import lines_of

_LARGEST_PICTURE = 400_000
"""Bytes; a larger one is linked, not shown."""
_WORDS = (
    Word(word=str(Result.PASS), sign="✓", hue=Hue.GOOD, meaning="the page keeps the rule"),
    Word(word=str(Result.FAIL), sign="!", hue=Hue.BAD, meaning="the page breaks the rule"),
    Word(word=str(Result.NOT_APPLICABLE), sign="·", hue=Hue.NONE, meaning="the rule can't be checked here"),
)


def site_of(
    results: Sequence[RuleResult],
    *,
    url: str,
    adapter: str,
    facts: Sequence[tuple[str, str]],
    replay: str,
    folder: Path,
) -> Site:
    """The page; copies what a failure left into `folder`. replay: the command for one rule without its id."""
    return Site(
        title="firstbyte sendstate",
        about=f"What the page {adapter} at {url} shows around a send, held against the server's ledger.",
        row_noun="rule",
        column_noun="page",
        case_noun="rule",
        rows=tuple(Row(name=one.id, title=str(one.level), claim=one.claim) for one in results),
        cases=tuple(_case(one, adapter, replay, folder) for one in results),
        words=_WORDS,
        facts=(("page", url), ("adapter", adapter), *facts),
    )


def _case(one: RuleResult, adapter: str, replay: str, folder: Path) -> Case:
    kept = [_copied(Path(path), one.id, folder) for path in one.artefacts]
    return Case(
        row=one.id,
        column=adapter,
        word=str(one.result),
        outcome=str(one.result),
        is_good=one.result is not Result.FAIL,
        brief=one.detail,
        told=(("rule", one.claim), ("level", str(one.level)), ("result", str(one.result))),
        problems=(one.detail,) if one.detail else (),
        lanes=tuple(
            Lanes(title="What was done and seen", unit="real seconds", marks=tuple(_marks(path)))
            for path in kept
            if path.suffix == ".txt"
        ),
        links=tuple(_link(path, folder) for path in kept),
        picture=next((shown for path in kept if (shown := _picture(path))), ""),
        replay=f"{replay} --rule {one.id}",
    )


def _copied(path: Path, rule: str, folder: Path) -> Path:
    """Beside the page, so that the folder can be moved."""
    place = folder / "evidence" / rule / path.name
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    except OSError as error:
        raise BadInput(f"--html {folder}: {path} can't be copied there: {error.strerror}") from error
    return place


def _link(path: Path, folder: Path) -> Link:
    kinds = {".zip": "Playwright trace", ".png": "what the page showed", ".txt": "timeline as text"}
    opens = f"playwright show-trace {path}" if path.suffix == ".zip" else ""
    relative = path.relative_to(folder).as_posix()
    return Link(title=kinds.get(path.suffix, path.name), path=relative, opens_with=opens)


def _picture(path: Path) -> str:
    if path.suffix != ".png" or path.stat().st_size > _LARGEST_PICTURE:
        return ""
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()


def _marks(path: Path) -> Iterator[Mark]:
    for at, who, what in lines_of(path.read_text(encoding="utf-8")):
        if who == "edge":
            kind, *pairs = what.split(" ")
            data = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
            yield Mark(at=at, actor=who, kind=kind, data=dict(data))
        else:
            yield Mark(at=at, actor=who, kind="shows" if who == "page" else "does", data={"what": what})
