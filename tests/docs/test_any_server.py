"""docs/any-server.md: its file and its lines, with a server of the kind that it describes."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstbyte.harness.problems import MissingTool
from firstbyte.harness.targets.catalogue import find_target
from tests.conftest import lacking
from tests.docs.pages import Block, blocks_of
from tests.docs.shell import typed
from tests.hygiene.lab import until

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.programs]

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "of-the-page"
SERVER = ROOT / "tests" / "docs" / "my_chat.py"


def block_with(words: str) -> Block:
    """The one block that has these words."""
    (found,) = [one for one in blocks_of(ROOT / "docs" / "any-server.md") if words in one.text]
    return found


def lines() -> tuple[str, ...]:
    """Against a server that runs, against one that is started, and the check of the file."""
    runs, starts, checks = block_with("firstbyte check my-chat.toml").lines
    return runs, starts, checks


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The page's file, with the program and the empty folder that it names."""
    (tmp_path / "my-chat.toml").write_text(block_with("[truth]").text, encoding="utf-8")
    program = tmp_path / "my-chat"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{SERVER}" "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    (tmp_path / "empty").mkdir()
    return tmp_path


@pytest.fixture
def running(folder: Path) -> Iterator[str]:
    """Where such a server runs; its model takes a fifth of a second."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [str(folder / "my-chat"), "--port", str(port), "--data", str(folder / "store")]
    with subprocess.Popen(words, env={**os.environ, "MY_CHAT_TOKEN": TOKEN}) as process:
        try:
            until(lambda: listens(port), "the server to listen")
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()


def listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def verdicts(said: str) -> dict[str, str]:
    """By run, as the table has them."""
    return dict(re.findall(r"^\w+ +(act-\S+) +\d+ +\S+ +([a-z-]+)", said, re.M))


def test_a_server_that_is_started_is_found_out_behind_three_edges(folder: Path) -> None:
    _, line, check = lines()
    assert typed(check, folder)[0] == 0
    code, said = typed(line, folder, MY_CHAT_TOKEN=TOKEN)
    assert code == 1, said
    assert verdicts(said) == {
        "act-1[cloudflare-100]": "phantom-failure",
        "act-2[cloudflare-100]": "duplicate",
        "act-4b[nginx]": "phantom-failure",
        "act-4b[heroku]": "phantom-failure",
        "act-6b[cloudflare-100]": "phantom-failure",
    }


def test_a_server_that_runs_and_answers_in_time_delivers(folder: Path, running: str) -> None:
    line, _, _ = lines()
    code, said = typed(line.replace("127.0.0.1:8000", running), folder, MY_CHAT_TOKEN=TOKEN)
    assert code == 0, said
    assert verdicts(said) == {
        "act-1[cloudflare-100]": "delivered",
        "act-2[cloudflare-100]": "delivered",
        "act-4b[nginx]": "delivered",
        "act-4b[heroku]": "delivered",
    }


@pytest.mark.soak
def test_the_real_one_is_found_out() -> None:
    """Two minutes, and 70 MB that `make adk`, the block's first line, has fetched for `make soak`."""
    make, line = (one.partition("   ")[0] for one in block_with("make adk").lines)
    assert make == "make adk"
    try:
        find_target(str(ROOT / "examples" / "adk" / "server.toml"), "").require()
    except MissingTool as missing:
        lacking(str(missing))
    code, said = typed(line, ROOT, seconds=600)
    assert code == 1, said
    assert verdicts(said)["act-1[cloudflare-100]"] == "phantom-failure"
