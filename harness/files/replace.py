"""Replaces a file by a complete new one, or leaves the old one as it was. It never leaves half a file.

All files that an option names are written this way.
"""

import os
from pathlib import Path

from firstbyte.harness.problems import BadInput


def replace(path: Path, content: bytes, *, option: str) -> None:
    """Replace the file. BadInput names the option whose value can't be written to."""
    # /dev/stdout or a pipe can't be replaced, so it is written to. A folder gives its own message here.
    is_special = path.exists() and not path.is_file()
    # Beside the file, so that the last step is one rename on one disk.
    part = path if is_special else path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_bytes(content)
        if not is_special:
            part.replace(path)
    except OSError as error:
        if not is_special:
            part.unlink(missing_ok=True)
        raise BadInput(
            f"{option} {path}: can't be written: {error.strerror}; name a file in a folder you may write to"
        ) from error
