"""Replaces a file by a complete new one, or leaves the old one as it was. It never leaves half a file.

All files that an option names are written this way.
"""

import os
from pathlib import Path

from firstbyte.harness.problems import BadInput


def replace(path: Path, content: bytes, *, option: str) -> None:
    """Replace the file. BadInput names the option whose value can't be written to."""
    if path.exists() and not path.is_file():
        # /dev/stdout or a pipe can't be replaced. A folder gives its own message here.
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
