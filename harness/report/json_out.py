"""Writes a result document as JSON, to a file or to standard output.

It must never leave half a file behind, and never write a secret.
"""

import os
import sys
from pathlib import Path
from typing import Any, TextIO

import msgspec

from firstbyte.harness import redact
from firstbyte.harness.problems import BadInput

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


def replace(path: Path, content: bytes, *, option: str) -> None:
    """Put a whole file in place of `path`. BadInput names the option whose value can't be written to."""
    if path.exists() and not path.is_file():
        # /dev/stdout, a pipe: nothing to replace. A folder gives its own message here.
        _write_through(path, content, option)
        return
    # Beside the file, so that the last step is one rename on one disk.
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise _unwritable(path, option, error) from error


def _write_through(path: Path, content: bytes, option: str) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise _unwritable(path, option, error) from error


def _unwritable(path: Path, option: str, error: OSError) -> BadInput:
    return BadInput(
        f"{option} {path}: can't be written: {error.strerror}; name a file in a folder you may write to"
    )


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
