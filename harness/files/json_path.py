"""Paths into JSON documents, as adapters write them: `parts[*].text`, `[*]`, `data.messages[*]`, `[0].id`.

Pure. A path that leads nowhere in a document yields nothing and is no error.
"""

import re
from collections.abc import Iterator

_STEP = re.compile(r"\.?([A-Za-z_$][\w$-]*)|\[(\*|\d+)\]")

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None


class BadPath(ValueError):
    """The path can't be read; the message says what is known."""


def steps_of(path: str) -> tuple[str, ...]:
    """The steps of a path, `*` for every element. Raises BadPath."""
    steps: list[str] = []
    rest = path.removeprefix("$")
    while rest:
        found = _STEP.match(rest)
        if found is None:
            raise BadPath(f"'{path}' is no path; write parts[*].text, say")
        steps.append(found[1] or found[2])
        rest = rest[found.end() :]
    return tuple(steps)


def select(document: Json, path: str) -> list[Json]:
    """Everything the path leads to, in the document's order."""
    values = [document]
    for step in steps_of(path):
        values = [inner for value in values for inner in _below(value, step)]
    return values


def texts(document: Json, path: str) -> list[str]:
    """The strings the path leads to."""
    return [value for value in select(document, path) if isinstance(value, str)]


def _below(document: Json, step: str) -> Iterator[Json]:
    if isinstance(document, list):
        if step == "*":
            yield from document
        elif step.isdigit() and int(step) < len(document):
            yield document[int(step)]
    elif isinstance(document, dict):
        if step == "*":
            yield from document.values()
        elif step in document:
            yield document[step]
