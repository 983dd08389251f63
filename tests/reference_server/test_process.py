"""The server as a process: its ready line, its end, what survives kill -9, what it says of bad input."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from firstbyte.reference_server.main import main

pytestmark = pytest.mark.real
PATIENCE = 20
SHUTDOWN = 1.0


@dataclass
class Process:
    """A server process and its address."""

    popen: subprocess.Popen[bytes]
    ready: dict[str, Any]

    def call(self, path: str, body: object = None, headers: dict[str, str] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.ready["ready"] + path, data, headers or {})
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:
            return json.loads(response.read() or b"null")

    def connect(self) -> socket.socket:
        host, port = self.ready["ready"].removeprefix("http://").split(":")
        return socket.create_connection((host, int(port)), PATIENCE)

    def ledger(self) -> Any:
        return self.call("/_firstbyte/ledger")

    def wait_for(self, event: str) -> None:
        while event not in [row["event"] for row in self.ledger()["events"]]:
            pass


class Starter:
    """Starts servers and ends them with the test."""

    def __init__(self) -> None:
        self._started: list[subprocess.Popen[bytes]] = []

    def __call__(self, *arguments: str) -> Process:
        command = [sys.executable, "-m", "firstbyte.reference_server", "--listen", "127.0.0.1:0", *arguments]
        popen = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._started.append(popen)
        assert popen.stdout is not None
        return Process(popen, json.loads(popen.stdout.readline()))

    def end(self) -> None:
        for popen in self._started:
            popen.kill()
            popen.communicate()


@pytest.fixture
def start() -> Iterator[Starter]:
    starter = Starter()
    yield starter
    starter.end()


def prompt(process: Process, text: str, handler: str) -> str:
    session = str(process.call("/session", {})["id"])
    body = {"parts": [{"type": "text", "text": text}]}
    process.call(f"/session/{session}/prompt_async", body, {"X-Firstbyte-Handler": handler})
    return session


def test_the_ready_line_names_everything_a_parent_needs(start: Starter) -> None:
    ready = start("--handler", "await-result", "--api", "1.18").ready
    assert sorted(ready) == ["api", "handler", "pid", "ready"]
    assert (ready["handler"], ready["api"]) == ("await-result", "1.18")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once_with_streams_open_and_prompts_running(
    start: Starter, number: signal.Signals
) -> None:
    process = start("--model-delay", "100s")
    with process.connect() as stream:
        stream.sendall(b"GET /global/event HTTP/1.1\r\nHost: x\r\n\r\n")
        assert stream.recv(100)
        prompt(process, "x", "no-content")
        process.wait_for("started")
        process.popen.send_signal(number)
        assert process.popen.wait(SHUTDOWN * 5) == 0
    assert process.popen.stderr is not None
    assert process.popen.stderr.read() == b""


def test_without_data_nothing_is_left_behind(
    start: Starter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    process = start()
    prompt(process, "x", "no-content")
    process.popen.terminate()
    process.popen.wait(PATIENCE)
    assert list(tmp_path.iterdir()) == []


def test_what_was_persisted_survives_kill_9(start: Starter, tmp_path: Path) -> None:
    first = start("--data", str(tmp_path), "--model-delay", "100s")
    session = prompt(first, "kept", "no-content")
    first.wait_for("started")
    first.popen.kill()
    first.popen.wait()
    second = start("--data", str(tmp_path))
    ledger = second.ledger()
    assert [row["event"] for row in ledger["events"] if row["intent"] == "kept"][:3] == [
        "admitted",
        "persisted",
        "effect",
    ]
    assert (ledger["effects"], ledger["busy"]) == ({"kept": 1}, 0)
    user, answer = second.call(f"/session/{session}/message")
    assert user["parts"][0]["text"] == "kept"
    assert "completed" not in answer["info"]["time"]
    assert second.call(f"/session/{session}/prompt/{user['info']['id']}")["status"] == "interrupted"


def test_what_was_only_acknowledged_is_lost_by_kill_9(start: Starter, tmp_path: Path) -> None:
    first = start("--data", str(tmp_path), "--persist-delay", "100s")
    prompt(first, "lost", "ack-before-persist")
    assert first.ledger()["busy"] == 1
    os.kill(first.ready["pid"], signal.SIGKILL)
    first.popen.wait()
    ledger = start("--data", str(tmp_path)).ledger()
    assert "header-sent" in [row["event"] for row in ledger["events"] if row["intent"] == "lost"]
    assert (ledger["effects"], ledger["messages"]) == ({}, [])


def test_bad_input_is_one_line_and_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.write_text("[[turn]]\ndelai = '3s'\n")
    cases = {
        ("--model-delay", "130"): "'130' is not a duration such as 250ms, 130s, 2m or 1h; write '130s'",
        ("--handler", "nope"): "'nope' is not a handler; there are accepted-202,",
        ("--listen", "4096"): "'4096' is not HOST:PORT",
        ("--listen", "0.0.0.0:0"): "Add --allow-remote if that is meant",
        ("--data", str(file / "sub")): "can't be written",
        ("--model-script", str(file)): "turn[0].delai: unknown key; known are",
        ("--model-script", str(tmp_path / "none")): "can't be read: No such file or directory",
        ("--model-script", str(file), "--model-delay", "1s"): "exclude each other",
        ("--time-scale", "0"): "'0' is not a number above 0",
        ("--api", "2"): "invalid choice: '2'",
    }
    for arguments, message in cases.items():
        code = main(arguments)
        said = capsys.readouterr().err
        assert (code, said.count("\n")) == (2, 1), said
        assert said.startswith("firstbyte serve: ")
        assert message in said


def test_a_busy_port_is_named_with_the_way_out(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code = main(["--listen", f"127.0.0.1:{port}"])
    advice = "stop what listens there or pass --listen 127.0.0.1:0"
    assert code == 2
    assert capsys.readouterr().err == f"firstbyte serve: 127.0.0.1:{port} is in use; {advice}\n"


def test_the_time_scale_divides_every_delay(start: Starter) -> None:
    process = start("--model-delay", "130s", "--time-scale", "1000", "--handler", "stream-withheld")
    prompt(process, "x", "stream-withheld")
    rows = {row["event"]: row["at_us"] for row in process.ledger()["events"] if row["intent"] == "x"}
    assert 130_000 <= rows["first-token"] - rows["model-called"] < 10_000_000
