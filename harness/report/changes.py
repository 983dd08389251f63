"""A comparison as Markdown, the form a pull request shows. Pure."""

from collections import Counter
from collections.abc import Iterator

from firstbyte.harness import redact
from firstbyte.harness.report.compare import Change, Comparison, Direction
from firstbyte.harness.report.plain import visible
from firstbyte.harness.report.words import count

_SIGN = {
    Direction.WORSE: "🔴 worse",
    Direction.GONE: "🔴 gone",
    Direction.CHANGED: "🟡 changed",
    Direction.BETTER: "🟢 better",
    Direction.NEW: "⚪ new",
}
_MOST_NAMES = 20


def markdown(found: Comparison) -> Iterator[str]:
    """The lines."""
    yield f"## firstbyte: {_headline(found)}"
    yield ""
    yield f"{count(found.before, found.kind)} before, {found.after} after; firstbyte {_versions(found)}."
    if found.changes:
        yield ""
        yield f"| | {found.kind} | what | before | after |"
        yield "|---|---|---|---|---|"
        for change in found.changes:
            yield from _rows(change)
    if found.timelines:
        shown = ", ".join(f"`{_cell(name)}`" for name in found.timelines[:_MOST_NAMES])
        more = f" and {len(found.timelines) - _MOST_NAMES} more" if len(found.timelines) > _MOST_NAMES else ""
        yield ""
        yield f"The same result, another timeline: {shown}{more}."


def _headline(found: Comparison) -> str:
    if not found.changes:
        return "no result has changed"
    counted = Counter(change.direction for change in found.changes)
    return ", ".join(f"{counted[one]} {one}" for one in _SIGN if counted[one])


def _versions(found: Comparison) -> str:
    before, after = found.versions
    return _cell(before) if before == after else f"{_cell(before)} → {_cell(after)}"


def _rows(change: Change) -> Iterator[str]:
    lead = f"| {_SIGN[change.direction]} | `{_cell(change.name)}` "
    for field, before, after in change.fields or (("", "", ""),):
        old = "" if change.direction is Direction.NEW else _cell(before)
        new = "" if change.direction is Direction.GONE else _cell(after)
        yield f"{lead}| {_cell(field)} | {old} | {new} |"
        lead = "| | "


def _cell(text: str) -> str:
    """Text that stays in its cell and is no markup."""
    safe = visible(redact.text(text)).replace("\\", "\\\\").replace("|", "\\|").replace("`", "'")
    return safe.replace("<", "&lt;").replace("@", "@\u200b")
