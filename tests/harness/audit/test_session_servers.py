"""`firstbyte audit` on the reference server in both of its APIs: every operation of /doc, each once."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from firstbyte.harness.cli import main

pytestmark = pytest.mark.real

EDGES = ("--edge", "nginx", "--edge", "cloudflare")


@pytest.fixture(scope="module", params=["1.2", "1.18"])
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    command = [sys.executable, "-m", "firstbyte.reference_server", "--listen", "127.0.0.1:0"]
    options = ["--api", request.param, "--handler", "stream-partial-header", "--model-delay", "2s"]
    process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        yield str(json.loads(process.stdout.readline())["ready"])
    finally:
        process.terminate()
        process.communicate(timeout=20)


def call(url: str, body: bytes | None = None) -> Any:
    with urllib.request.urlopen(urllib.request.Request(url, body), timeout=20) as response:
        return json.loads(response.read())


def audit(server: str, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, dict[str, Any]]:
    main(["audit", f"{server}/doc", *EDGES, "--patience", "4s", *words, "--json", "-"])
    operations = json.loads(capsys.readouterr().out)["operations"]
    return {f"{one['method']} {one['path']}": one for one in operations}


def test_every_safe_operation_of_the_document_is_sent(
    server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = call(f"{server}/doc")["paths"]
    wanted = {f"GET {path}" for path, methods in paths.items() if "get" in methods}
    found = audit(server, capsys, "--exclude", "*event")
    assert {label for label, one in found.items() if one["sent"] == 1} == {
        label for label in wanted if not label.endswith("event")
    }
    assert all(one["sent"] == 0 for label, one in found.items() if not label.startswith("GET "))
    assert {one["edges"]["nginx"]["outcome"] for one in found.values() if one["sent"]} == {"passes"}
    assert call(f"{server}/_firstbyte/ledger")["messages"] == []


def test_half_a_header_of_a_prompt_is_found_when_it_may_be_sent(
    server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    session = call(f"{server}/session", b"{}")["id"]
    words = ("--unsafe", "--include", "POST */prompt_async", "--param", f"sessionID={session}")
    (found,) = audit(server, capsys, *words).values()
    assert found["findings"] == ["partial-header"]
    assert found["wire"]["first_byte_s"] < 1 < found["wire"]["header_s"]
    assert call(f"{server}/_firstbyte/ledger")["messages"]
