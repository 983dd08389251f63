"""`firstbyte diff`: what changed between two result documents, as Markdown for a pull request."""

from pathlib import Path
from typing import Any

import msgspec

from firstbyte.harness.commands.options import DiffOptions
from firstbyte.harness.commands.printing import out
from firstbyte.harness.problems import BadInput
from firstbyte.harness.report import json_out
from firstbyte.harness.report.changes import markdown
from firstbyte.harness.report.compare import KINDS, compare, kind_of
from firstbyte.harness.version import package_version

SCHEMA = 1


def run(options: DiffOptions) -> int:
    """Show the changes; 1 when something got worse or has gone, with --strict when anything changed."""
    before, after = _read(options.before), _read(options.after)
    kind, other = kind_of(before), kind_of(after)
    known = ", ".join(one.entries for one in KINDS)
    if kind is None or other is None:
        path = options.before if kind is None else options.after
        raise BadInput(f"{path}: has no results that can be compared ({known}); write it with --json")
    if kind is not other:
        raise BadInput(
            f"{options.after}: was written by another command than {options.before}; compare like with like"
        )
    found = compare(before, after, kind)
    text = "\n".join(markdown(found))
    if options.json:
        document = {"schema": SCHEMA, "firstbyte": package_version(), **msgspec.to_builtins(found)}
        json_out.write(document, options.json)
    out(text, options.json)
    return 1 if found.is_worse or (options.strict and (found.changes or found.timelines)) else 0


def _read(path: Path) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise BadInput(f"{path}: can't be read: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise BadInput(f"{path}: is no JSON: {error}; write it with `firstbyte run --json {path}`") from error
    if not isinstance(document, dict) or "schema" not in document:
        raise BadInput(f"{path}: is no result document; write it with `firstbyte run --json {path}`")
    if document["schema"] != SCHEMA:
        raise BadInput(f"{path}: schema: {document['schema']} is not known; this firstbyte reads {SCHEMA}")
    return document
