"""Writes a result document as JSON, to a file or to standard output.

It must never write a secret.
"""

import sys
from pathlib import Path
from typing import Any, TextIO

import msgspec

from firstbyte.harness import redact
from firstbyte.harness.files.replace import replace

STANDARD_OUTPUT = "-"


def write(document: dict[str, Any], where: str, stdout: TextIO | None = None) -> None:
    """Write to the file `where`, to standard output when it is '-'. BadInput when that can't be."""
    content = encoded(document)
    if where == STANDARD_OUTPUT:
        stream = stdout or sys.stdout
        stream.write(content.decode())
        stream.flush()
    else:
        replace(Path(where), content, option="--json")


def encoded(document: dict[str, Any]) -> bytes:
    """The document as UTF-8 JSON with indentation, redacted, ended by a newline."""
    return msgspec.json.format(msgspec.json.encode(_storable(redact.record(document))), indent=2) + b"\n"


def _storable(value: Any) -> Any:
    """Only what JSON has: subclasses of int as int, lone surrogates (UTF-8 has none) as their escapes."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, dict):
        return {_storable(key): _storable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_storable(one) for one in value]
    return value
