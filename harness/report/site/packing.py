"""Makes the page's data small: each text once, an event as a short list.

An event is [at, actor, kind, request, key, value, ...] where a text is [its number] and everything else is
itself. It must never lose or change an event.
"""

from typing import Any

import msgspec

from firstbyte.harness import redact
from firstbyte.harness.report.plain import visible
from firstbyte.harness.report.site.model import Case, Lanes, Mark, Site, plain


class Texts:
    """Numbers for texts, in the order in which they come; what is stored is safe to show."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self._numbers: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"<Texts {len(self.all)}>"

    def number(self, text: str) -> int:
        """The number of a text."""
        found = self._numbers.get(text)
        if found is None:
            found = self._numbers[text] = len(self.all)
            self.all.append(shown(text))
        return found


def shown(text: str) -> str:
    """A text without secrets and without characters that hide or turn others."""
    return visible(redact.text(text))


def packed(site: Site) -> dict[str, Any]:
    """The site as plain types for JSON."""
    texts = Texts()
    whole: dict[str, Any] = _safe(plain(msgspec.structs.replace(site, cases=())))
    whole["cases"] = [_case(case, texts) for case in site.cases]
    whole["texts"] = texts.all
    return whole


def _case(case: Case, texts: Texts) -> dict[str, Any]:
    built: dict[str, Any] = _safe(plain(msgspec.structs.replace(case, lanes=())))
    built["lanes"] = [_lanes(lanes, texts) for lanes in case.lanes]
    # What is empty in most cases is left out: a thousand of them are read at once.
    return {name: value for name, value in built.items() if value not in ("", [])}


def _lanes(lanes: Lanes, texts: Texts) -> dict[str, Any]:
    return {
        "title": shown(lanes.title),
        "unit": shown(lanes.unit),
        "marks": [_mark(mark, texts) for mark in lanes.marks],
    }


def _mark(mark: Mark, texts: Texts) -> list[Any]:
    packed_mark: list[Any] = [int(mark.at), texts.number(mark.actor), texts.number(mark.kind), mark.request]
    for key, value in mark.data.items():
        packed_mark += [texts.number(key), _value(key, value, texts)]
    return packed_mark


def _value(key: str, value: str | int | bool, texts: Texts) -> Any:
    if isinstance(value, str):
        return [texts.number(redact.header(key, value))]
    # A duration is an int with a class of its own, which JSON has not.
    return value if isinstance(value, bool) else int(value)


def _safe(value: Any) -> Any:
    """Every text in it as it may be shown."""
    if isinstance(value, str):
        return value if value.startswith("data:image/") else shown(value)
    if isinstance(value, dict):
        return {key: _safe(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_safe(inner) for inner in value]
    return value
