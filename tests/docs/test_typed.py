"""A command of docs/send-state.md is typed, with the server and the adapter of firstbyte's own page."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import commands_of
from tests.hygiene.lab import Session

ROOT = Path(__file__).resolve().parents[2]
LINE = "sendstate http://127.0.0.1:4096 --adapter chat.toml --rule retry-reuses-id --edge nginx"


@pytest.mark.real
@pytest.mark.soak
@pytest.mark.usefixtures("chromium")
def test_one_rule_is_held_against_a_page_that_keeps_it(tmp_path: Path) -> None:
    assert shlex.split(LINE) in commands_of(ROOT / "docs" / "send-state.md")
    page = (ROOT / "reference_server/ui/robust.toml").read_text(encoding="utf-8")
    (tmp_path / "chat.toml").write_text(page, encoding="utf-8")
    with Session(tmp_path / "serve", "serve", "--listen", "127.0.0.1:0") as server:
        port = server.listening(1).pop()
        command = [
            sys.executable,
            "-m",
            "firstbyte.harness.cli",
            *shlex.split(LINE.replace("4096", str(port))),
        ]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "retry-reuses-id" in done.stdout
        server.ctrl_c()
        assert server.end() == 0
