"""Writes a result document as JSON, to a file or to standard output.

It must never leave half a file behind, and never write a secret.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any, TextIO

import msgspec

from firstbyte.harness.problems import BadInput
from firstbyte.harness.report import redact

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
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise _unwritable(path, option, error) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
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
    """Lone surrogates, which UTF-8 can't hold, as their escapes."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_storable(key): _storable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_storable(one) for one in value]
    return value
