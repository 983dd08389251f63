"""A reference server for tests that need one, in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def running_server() -> Iterator[str]:
    """Its URL; on a free port, without a folder."""
    command = [sys.executable, "-m", "firstbyte.reference_server", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            ready: dict[str, str] = json.loads(process.stdout.readline())
            yield ready["ready"]
        finally:
            process.terminate()
