"""What changed between two result documents of one command: for a pull request. Pure.

It must never call a change harmless that made a good result bad, nor hide a result that has gone.
"""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from firstbyte.harness.model.verdict import Verdict

type Record = Mapping[str, Any]

_REAL_SHARE = 0.15
_REAL_SECONDS = 0.3
"""Real time varies: below both it is the same."""
_BAD, _DOUBTFUL, _GOOD = 0, 1, 2


class Direction(StrEnum):
    """Which way a result went."""

    WORSE = "worse"
    BETTER = "better"
    CHANGED = "changed"
    GONE = "gone"
    NEW = "new"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One result that is not what it was. fields: name, before, after."""

    name: str
    direction: Direction
    fields: tuple[tuple[str, str, str], ...] = ()


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two documents. kind: what their results are called. versions: of firstbyte, before and after.

    timelines: results that differ in nothing but how they came about (the digest).
    """

    kind: str
    before: int
    after: int
    versions: tuple[str, str]
    changes: tuple[Change, ...]
    timelines: tuple[str, ...] = ()

    @property
    def is_worse(self) -> bool:
        """Something good has become bad, or is no longer there."""
        return any(one.direction in (Direction.WORSE, Direction.GONE) for one in self.changes)


class DocumentKind(msgspec.Struct, frozen=True, kw_only=True):
    """How results of one command are compared. rank: how good one is. gone, new: what it means that a result
    is on one side only; a warning is bad by being there.
    """

    name: str
    entries: str
    key: tuple[str, ...]
    fields: tuple[str, ...]
    rank: Callable[[Record], int]
    times: tuple[str, ...] = ()
    maps: tuple[str, ...] = ()
    gone: Direction = Direction.GONE
    new: Direction = Direction.NEW


def _rank_of_run(run: Record) -> int:
    if run.get("outcome") not in ("pass", "not-applicable"):
        return _BAD
    verdict = run.get("verdict")
    return _GOOD if verdict is None or Verdict(verdict).is_good else _DOUBTFUL


def _rank_of_operation(operation: Record) -> int:
    outcomes = [edge.get("outcome") for edge in (operation.get("edges") or {}).values()]
    # One edge more that cuts is worse, whatever the others do.
    return -outcomes.count("cut")


EXCHANGES = "entries"
"""Of a HAR file."""
_RESULTS = {
    "pass": _GOOD,
    "cured": _GOOD,
    "not-applicable": _DOUBTFUL,
    "unknown": _DOUBTFUL,
    "not-cured": _DOUBTFUL,
}
_OF_A_SIDE = ("status", "end", "origin_requests", "origin_saw")
KINDS = (
    DocumentKind(
        name="run",
        entries="runs",
        key=("scenario", "edge", "mode", "target"),
        fields=(
            "outcome", "verdict", "belief", "effects", "model_calls", "findings",
            "client.status", "client.end",
        ),
        times=("client.first_byte_s", "client.header_s", "client.end_s"),
        maps=("versions",),
        rank=_rank_of_run,
    ),
    DocumentKind(
        name="fix",
        entries="cells",
        key=("fix", "edge"),
        fields=("result",),
        rank=lambda cell: _RESULTS.get(cell.get("result", ""), _BAD),
    ),
    DocumentKind(
        name="cell",
        entries="cells",
        key=("shape", "product"),
        fields=(
            "agree", "listed_reason", "product_version",
            *(f"{side}.{name}" for side in ("emulated", "real") for name in _OF_A_SIDE),
        ),
        times=("emulated.at_s", "real.at_s"),
        rank=lambda cell: _GOOD if cell.get("agree") else _DOUBTFUL if cell.get("listed_reason") else _BAD,
    ),
    DocumentKind(
        name="rule",
        entries="rules",
        key=("id",),
        fields=("level", "result", "detail"),
        rank=lambda rule: _RESULTS.get(rule.get("result", ""), _BAD),
    ),
    DocumentKind(
        name="operation",
        entries="operations",
        key=("method", "path"),
        fields=("sent", "wire.status", "wire.end", "findings"),
        maps=("edges",),
        rank=_rank_of_operation,
    ),
    DocumentKind(
        name="exchange",
        entries=EXCHANGES,
        key=("method", "url"),
        fields=("wire.status", "wire.end", "findings"),
        times=("wire.first_byte_s", "wire.header_s", "wire.longest_gap_s", "wire.end_s"),
        maps=("edges",),
        rank=_rank_of_operation,
    ),
    DocumentKind(
        name="warning",
        entries="warnings",
        key=("trouble", "outer", "inner"),
        fields=("outer", "inner", "why"),
        rank=lambda _warning: _BAD,
        gone=Direction.BETTER,
        new=Direction.WORSE,
    ),
)  # fmt: skip


def kind_of(document: Record) -> DocumentKind | None:
    """Which command wrote it; None when none of those that can be compared. An empty list fits the first."""
    for kind in KINDS:
        entries = entries_of(document, kind)
        if isinstance(entries, list) and all(isinstance(one, dict) and kind.key[0] in one for one in entries):
            return kind
    return None


def entries_of(document: Record, kind: DocumentKind) -> Any:
    """The results in a document; a live probe's document is its one exchange itself."""
    if kind.entries == EXCHANGES and EXCHANGES not in document and "wire" in document:
        return [document]
    return document.get(kind.entries)


def compare(before: Record, after: Record, kind: DocumentKind) -> Comparison:
    """All changes, those for the worse first."""
    old, new = _by_name(before, kind), _by_name(after, kind)
    gone = {name: _field(old[name], kind) for name in old if name not in new}
    changes = [
        Change(name=name, direction=kind.gone, fields=tuple((path, was, "-") for path, was in fields))
        for name, fields in gone.items()
    ]
    added = {name: _field(new[name], kind) for name in new if name not in old}
    changes += [
        Change(name=name, direction=kind.new, fields=tuple((path, "-", now) for path, now in fields))
        for name, fields in added.items()
    ]
    both = [(name, old[name], new[name]) for name in old if name in new]
    changes += [change for name, one, other in both if (change := _change(name, one, other, kind))]
    changed = {change.name for change in changes}
    return Comparison(
        kind=kind.name,
        before=len(old),
        after=len(new),
        versions=(str(before.get("firstbyte", "?")), str(after.get("firstbyte", "?"))),
        changes=tuple(sorted(changes, key=lambda one: _SEVERITY.index(one.direction))),
        timelines=tuple(
            name
            for name, one, other in both
            if name not in changed and one.get("digest") != other.get("digest")
        ),
    )


_SEVERITY = (Direction.WORSE, Direction.GONE, Direction.CHANGED, Direction.BETTER, Direction.NEW)


def _by_name(document: Record, kind: DocumentKind) -> dict[str, Record]:
    found: dict[str, Record] = {}
    for entry in entries_of(document, kind):
        name = base = _name(entry, kind)
        number = 2
        while name in found:
            name, number = f"{base} #{number}", number + 1
        found[name] = entry
    return found


def _name(entry: Record, kind: DocumentKind) -> str:
    first, *rest = (str(entry.get(key, "")) for key in kind.key)
    if kind.name == "warning":
        return (
            f"{first}: {' in front of '.join(text.rpartition(' ')[0] for text in rest)}"  # without the limits
        )
    if kind.name in ("operation", "exchange"):
        return " ".join([first, *rest])
    shown = [text for text in rest if text not in ("sim", "reference", "")]
    return f"{first}[{', '.join(shown)}]" if shown else first


def _change(name: str, before: Record, after: Record, kind: DocumentKind) -> Change | None:
    fields = tuple(_differences(before, after, kind))
    if not fields:
        return None
    step = kind.rank(after) - kind.rank(before)
    direction = Direction.WORSE if step < 0 else Direction.BETTER if step > 0 else Direction.CHANGED
    return Change(name=name, direction=direction, fields=fields)


def _differences(before: Record, after: Record, kind: DocumentKind) -> Iterator[tuple[str, str, str]]:
    for path in kind.fields:
        old, new = _at(before, path), _at(after, path)
        if old != new:
            yield path.removeprefix("client."), _text(old), _text(new)
    for path in kind.times:
        old, new = _at(before, path), _at(after, path)
        if not _is_same_time(old, new, is_exact=_is_exact(before, path) and _is_exact(after, path)):
            yield path.removeprefix("client."), _text(old), _text(new)
    for path in kind.maps:
        olds, news = _at(before, path) or {}, _at(after, path) or {}
        for name in dict.fromkeys((*olds, *news)):
            old, new = _outcome(olds.get(name)), _outcome(news.get(name))
            if old != new:
                yield f"{path}.{name}", _text(old), _text(new)


def _outcome(value: Any) -> Any:
    return value.get("outcome") if isinstance(value, dict) else value


def _is_exact(record: Record, path: str) -> bool:
    return path.startswith("emulated.") or record.get("mode") == "sim"


def _is_same_time(before: Any, after: Any, *, is_exact: bool) -> bool:
    if before is None or after is None or is_exact:
        return bool(before == after)
    apart = abs(float(before) - float(after))
    return apart <= _REAL_SECONDS or apart <= _REAL_SHARE * max(float(before), float(after))


def _at(record: Record, path: str) -> Any:
    value: Any = record
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _field(record: Record, kind: DocumentKind) -> tuple[tuple[str, str], ...]:
    """What a result that is only on one side was."""
    path = next(
        (field for field in ("verdict", "result", "agree", "wire.status", "why") if field in kind.fields), ""
    )
    return ((path, _text(_at(record, path))),) if path else ()


def _text(value: Any) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    return f"{value:g}" if isinstance(value, float) else str(value)
