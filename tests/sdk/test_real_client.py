"""The published client library, @opencode-ai/sdk 1.2.17 on Node, takes this server for the real one."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from firstbyte.reference_server.handlers import handler_ids

pytestmark = [pytest.mark.real, pytest.mark.slow]
VERSION = "1.2.17"
DIRECTORY = "/home/user/pröject"
ANSWER = "Hello from the fake model."
STATUS = {"accepted-202": 202} | dict.fromkeys(
    ("await-result", "header-then-silence", "sse-heartbeat", "whitespace-heartbeat"), 200
)
PATIENCE = 120


@contextmanager
def server(api: str) -> Iterator[str]:
    """A server process; yields its URL."""
    command = [sys.executable, "-m", "firstbyte.reference_server", "--listen", "127.0.0.1:0", "--api", api]
    command += ["--model-delay", "150ms", "--persist-delay", "50ms", "--heartbeat", "40ms"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield str(json.loads(process.stdout.readline())["ready"])
        finally:
            process.terminate()


@pytest.fixture(scope="module", params=["1.2", "1.18"])
def seen(request: pytest.FixtureRequest, node: Path, sdk: Path) -> dict[str, Any]:
    """What the client library saw of a server with that API."""
    with server(request.param) as url:
        command = [str(node), "client.mjs", url, DIRECTORY, *handler_ids()]
        done = subprocess.run(command, cwd=sdk, capture_output=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return dict(json.loads(done.stdout))


def test_the_library_is_the_one_of_the_report(sdk: Path) -> None:
    package = sdk / "node_modules" / "@opencode-ai" / "sdk" / "package.json"
    assert json.loads(package.read_text())["version"] == VERSION


def test_a_prompt_gets_through_by_every_handler(seen: dict[str, Any]) -> None:
    assert {id_: told["status"] for id_, told in seen["told"].items()} == {
        id_: STATUS.get(id_, 204) for id_ in handler_ids()
    }
    assert {told["error"] for told in seen["told"].values()} == {""}


def test_the_answer_is_read_where_a_handler_gives_one(seen: dict[str, Any]) -> None:
    for handler in ("await-result", "header-then-silence", "whitespace-heartbeat"):
        assert seen["told"][handler]["answer"] == ANSWER


def test_every_message_is_read_back_once_with_its_answer(seen: dict[str, Any]) -> None:
    sent = [text for role, text in seen["messages"] if role == "user"]
    assert sent == [
        *handler_ids(),
        "message",
        "Create or update AGENTS.md. command",
        "The following tool was executed by the user",
    ]
    assert [text for role, text in seen["messages"] if role == "assistant"] == [ANSWER] * (len(sent) - 1) + [
        ""
    ]


def test_message_command_and_shell_return_the_answer_itself(seen: dict[str, Any]) -> None:
    for way in ("message", "command", "shell"):
        assert seen[way]["role"] == "assistant"
        assert seen[way]["sessionID"] == seen["session"]["id"]


def test_both_streams_tell_of_every_prompt(seen: dict[str, Any]) -> None:
    for stream in ("events", "globals"):
        told = [kind for kind in seen[stream] if kind != "server.heartbeat"]
        assert told[:2] == ["server.connected", "session.created"]
        assert told.count("session.idle") == len(handler_ids()) + 3
        assert "server.heartbeat" in seen[stream]


def test_sessions_status_abort_and_errors_are_understood(seen: dict[str, Any]) -> None:
    assert seen["session"]["directory"] == DIRECTORY
    assert seen["listed"] == [seen["session"]["id"]]
    assert seen["status"] == {}
    assert seen["aborted"] is True
    assert seen["health"]["healthy"] is True
    assert seen["missing"]["name"] == "NotFoundError"
