"""What the browser tests of the two pages share: a server for each worker, and the pages' adapters."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstbyte.harness.sendstate.adapter import load_adapter
from firstbyte.harness.sendstate.play import Subject
from firstbyte.proxies.arguments import read_upstream

PAGES = Path("reference_server", "ui")


@pytest.fixture(scope="session")
def origin() -> Iterator[str]:
    """A reference server."""
    command = [sys.executable, "-m", "firstbyte.reference_server", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            ready: dict[str, str] = json.loads(process.stdout.readline())
            yield ready["ready"]
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def robust(origin: str, root: Path) -> Subject:
    """The page to copy."""
    return _subject(origin, root / PAGES / "robust.toml")


@pytest.fixture(scope="session")
def naive(origin: str, root: Path) -> Subject:
    """The page as it was reported."""
    return _subject(origin, root / PAGES / "naive.toml")


def _subject(origin: str, adapter: Path) -> Subject:
    return Subject(adapter=load_adapter(adapter), upstream=read_upstream(origin, verify=True))
