"""Secrets that go through a command are in no file and no line it leaves: each planted, all searched for."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPConnection
from json import dumps, loads
from pathlib import Path

import pytest

from firstbyte.harness import redact
from firstbyte.harness.cli import main
from tests.security.planted import (
    ANSWER,
    BODY,
    CONFIGURED,
    QUERY,
    SENT,
    USERINFO,
    everything,
    leaks,
    planted_server,
)

pytestmark = pytest.mark.real


@pytest.fixture(autouse=True)
def configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two names are configured, as a user does it."""
    monkeypatch.setenv(redact.VARIABLE, CONFIGURED)
    yield
    redact.also("")


def exchange(address: str, folder: Path) -> None:
    """One exchange through `firstbyte edge`, started as the harness starts it, with all it can write."""
    words = [
        "edge",
        "--listen",
        "127.0.0.1:0",
        "--upstream",
        f"http://{address}",
        "--profile",
        "nginx",
        "--ready-json",
    ]
    files = ["--save-har", str(folder / "out.har"), "--events", str(folder / "events")]
    files += ["--save-flows", str(folder / "flows")]
    with (folder / "log").open("wb") as log:
        edge = subprocess.Popen(
            [sys.executable, "-m", "firstbyte.proxies", *words[1:], *files],
            stdout=subprocess.PIPE,
            stderr=log,
        )
    with edge:
        assert edge.stdout is not None
        address = loads(edge.stdout.readline())["ready"].removeprefix("http://")
        connection = HTTPConnection(address, timeout=30)
        connection.request("POST", f"/x?{QUERY}&tenant_id=VISIBLE-0002", body=BODY, headers=SENT)
        assert connection.getresponse().read().count(b"PLANTED") == 8
        connection.close()
        edge.terminate()
        edge.wait(30)


def test_no_planted_secret_is_in_anything_an_edge_writes(tmp_path: Path) -> None:
    with planted_server() as address:
        exchange(address, tmp_path)
    assert leaks(tmp_path) == []
    written = dict(everything(tmp_path))
    assert sorted(written) == ["events", "flows", "log", "out.har"]
    for name in ("flows", "out.har"):
        assert [n for n in range(1, 5) if b"VISIBLE-%04d" % n not in written[name]] == []
        assert redact.MASK.encode() in written[name]


def test_a_configured_name_is_hidden_everywhere_and_only_while_it_is_configured() -> None:
    redact.also("X-Tenant, account")
    try:
        assert redact.header("x-tenant", "a") == redact.MASK
        assert (
            redact.text('{"account": "a", "other": "b"}') == f'{{"account": "{redact.MASK}", "other": "b"}}'
        )
    finally:
        redact.also("")
    assert redact.header("x-tenant", "a") == "a"


type Command = Callable[..., int]


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command that writes whatever it can, and looks for secrets in all of it."""

    def run(*words: str, writes: Sequence[str] = ("json", "html")) -> int:
        written = tmp_path / "written"
        written.mkdir()
        files = [word for name in writes for word in (f"--{name}", str(written / name))]
        code = main([*words, *files])
        said = capsys.readouterr()
        assert leaks(written, said.out, said.err) == []
        assert sorted(path.name for path in written.iterdir()) == sorted(writes)
        return code

    return run


def headers() -> list[str]:
    return [word for name, value in SENT.items() for word in ("--header", f"{name}: {value}")]


def test_probe_writes_no_secret_it_sends_or_gets(command: Command) -> None:
    with planted_server() as address:
        assert (
            command("probe", "POST", f"http://{address}/x?{QUERY}", "--data", BODY.decode(), *headers()) == 0
        )


def test_probe_writes_no_secret_of_a_har(command: Command, tmp_path: Path) -> None:
    pairs = [{"name": name, "value": value} for name, value in SENT.items()]
    entry = {
        "startedDateTime": "2026-11-27T00:00:00.000Z",
        "time": 130_000,
        "request": {
            "method": "POST",
            "url": f"http://{USERINFO}a.example/x?{QUERY}",
            "headers": pairs,
            "cookies": [{"name": "sid", "value": "PLANTED-0003"}],
            "postData": {"mimeType": "application/json", "text": BODY.decode()},
        },
        "response": {
            "status": 200,
            "statusText": "OK",
            "httpVersion": "HTTP/1.1",
            "headers": [{"name": "Set-Cookie", "value": "sid=PLANTED-0013"}],
            "content": {"size": len(dumps(ANSWER)), "text": dumps(ANSWER)},
        },
        "timings": {"send": 0, "wait": 129_000, "receive": 1_000},
    }
    har = tmp_path / "in.har"
    har.write_text(dumps({"log": {"version": "1.2", "entries": [entry]}}))
    assert command("probe", "--har", str(har)) == 1


def test_audit_writes_no_secret_it_sends_or_gets(command: Command) -> None:
    with planted_server() as address:
        source = f"http://{address}/openapi.json?{QUERY}"
        code = command(
            "audit", source, *headers(), "--param", "token=PLANTED-0031", writes=("json", "html", "junit")
        )
        assert code == 0


SERVER = """
version = 1
name = "planted"
[session]
path = "/sessions?api_key=PLANTED-0041"
id = "id"
headers = { Authorization = "Bearer PLANTED-bearer-0042", X-Tenant = "PLANTED-0043" }
[send]
path = "/sessions/{session}/messages?token=PLANTED-0044"
headers = { Authorization = "Bearer {env:PLANTED_TOKEN}", Cookie = "sid=PLANTED-0045" }
json = { id = "{message}", text = "{text}", password = "PLANTED-0046" }
[truth]
path = "/sessions/{session}/messages?access_token=PLANTED-0047"
headers = { X-Api-Key = "PLANTED-0048" }
messages = "items[*]"
role = "role"
text = "text"
id = "id"
quiet = "100ms"
"""


@pytest.mark.parametrize("words", [("run", "act-1"), ("reproduce",)], ids=["run", "reproduce"])
def test_no_secret_of_a_server_of_ones_own_is_written(
    words: tuple[str, ...], command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANTED_TOKEN", "PLANTED-token-0049")
    adapter = tmp_path / "server.toml"
    adapter.write_text(SERVER)
    with planted_server() as address:
        options = ("--target", f"http://{address}", "--adapter", str(adapter), "--time-scale", "50")
        written = command(*words, *options, writes=("json", "html", "junit"))
    assert written == 1  # the server has another message
