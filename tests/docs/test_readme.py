"""The README shows what the commands print, and its commands work."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstbyte.harness.cli import COMMANDS, main
from firstbyte.harness.model.verdict import Verdict
from firstbyte.harness.report.picture import render
from firstbyte.harness.runner.plan import Options, make_plan
from firstbyte.harness.runner.play import run_in_sim
from firstbyte.harness.runner.selection import select


@pytest.fixture(scope="module")
def readme(root: Path) -> str:
    """Its text."""
    return (root / "README.md").read_text(encoding="utf-8")


def test_the_picture_is_what_the_command_draws(readme: str) -> None:
    run = run_in_sim(make_plan(select(["act-1"])[0], "cloudflare-100", Options()))
    shown = re.search(r"<!-- picture: .*? -->\n```\n(.*?)```\n", readme, re.S)
    assert shown is not None
    assert [line.rstrip() for line in render(run, width=80, colour=False).splitlines()] == shown[
        1
    ].splitlines()


def test_every_verdict_is_explained(readme: str) -> None:
    assert all(f"| `{verdict}` |" in readme for verdict in Verdict)


SERVED = "http://127.0.0.1:4096"
HAR = """{"log": {"entries": [{"request": {"method": "GET", "url": "http://h/"}, "response": {"status": 200},
"timings": {"wait": 5}}]}}"""


@pytest.fixture
def server() -> Iterator[str]:
    """The server of the README's first terminal."""
    command = [sys.executable, "-m", "firstbyte.reference_server", "--listen", "127.0.0.1:0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        yield str(json.loads(process.stdout.readline())["ready"])
    finally:
        process.terminate()
        process.communicate(timeout=20)


def commands(readme: str) -> list[list[str]]:
    """The `firstbyte ...` lines of the README, without what needs a second terminal."""
    lines = [line.partition("#")[0].partition(" | ")[0].strip() for line in readme.splitlines()]
    found = [shlex.split(line)[1:] for line in lines if line.startswith("firstbyte ")]
    return [words for words in found if words and words[0] in COMMANDS]


@pytest.mark.programs
def test_every_command_of_the_readme_is_understood(
    readme: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    root: Path,
    server: str,
) -> None:
    (tmp_path / "my-edge.toml").write_text((root / "proxies/profiles/nginx.toml").read_text())
    (tmp_path / "prompt.json").write_text('{"parts": [{"type": "text", "text": "hi"}]}')
    (tmp_path / "recorded.har").write_text(HAR)
    monkeypatch.chdir(tmp_path)
    for words in commands(readme):
        if words[0] in {"serve", "edge", "demo"} or "real" in words or "|" in words[-1]:
            continue
        code = main([word.replace(SERVED, server) for word in words])
        assert code in {0, 1}, (words, capsys.readouterr().err)
