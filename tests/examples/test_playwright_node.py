"""The example for Playwright on Node works as its README says, with what `make setup` installed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import lacking

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture
def example(root: Path) -> Path:
    """Its folder."""
    folder = root / "examples" / "playwright-node"
    if not (folder / "node_modules" / "firstbyte.stamp").exists():
        lacking(f"the packages of {folder.relative_to(root)} are not installed; run `make setup`")
    return folder


def test_the_example_tells_both_pages_apart(
    example: Path, node: Path, chromium: Path, tmp_path: Path
) -> None:
    environment = {
        **os.environ,
        "CHROMIUM": str(chromium),
        "FIRSTBYTE_BIN": str(Path(sys.executable).with_name("firstbyte")),
    }
    playwright = example / "node_modules" / "@playwright" / "test" / "cli.js"
    command = [str(node), str(playwright), "test", "--output", str(tmp_path)]
    done = subprocess.run(
        command, cwd=example, env=environment, capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
