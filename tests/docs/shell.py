"""Types a line of a page as its reader does, with the `firstbyte` of this environment."""

import os
import subprocess
import sys
from pathlib import Path


def typed(line: str, folder: Path, *, seconds: float = 100, **more: str) -> tuple[int, str]:
    """Exit code, and what it said on both streams. more: of its environment."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["sh", "-c", line],
        cwd=folder,
        env={**os.environ, "PATH": path, "COLUMNS": "80", **more},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr
