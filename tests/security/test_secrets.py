"""Secrets that go through an edge are in no file and no line it leaves: each planted, all searched for."""

import os
import subprocess
import sys
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from json import loads
from pathlib import Path
from threading import Thread

import pytest

from firstbyte.harness import redact

pytestmark = pytest.mark.real

SENT = {
    "Authorization": "Bearer PLANTED-bearer-0001",
    "Proxy-Authorization": "Basic PLANTED0002",
    "Cookie": "sid=PLANTED-0003; theme=PLANTED-0004",
    "X-Api-Key": "PLANTED-0005",
    "X-Tenant": "PLANTED-0006",  # configured
    "X-Plain": "VISIBLE-0001",
}
PATH = "/x?api_key=PLANTED-0007&access_token=PLANTED-0008&tenant_id=VISIBLE-0002"
BODY = b'{"password": "PLANTED-0009", "clientSecret": "PLANTED-0010", "text": "VISIBLE-0003"}'
#: By its form alone; in two parts, so that this file holds nothing that looks like a key.
KNOWN_FORM = "sk-" + "PLANTED0011abcdefgh"


class Answering(BaseHTTPRequestHandler):
    """Sets a cookie and says a secret."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = f'{{"token": "PLANTED-0012", "said": "{KNOWN_FORM}"}}'.encode()
        self.send_response(200)
        self.send_header("Set-Cookie", "sid=PLANTED-0013; HttpOnly")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: only what firstbyte says is looked at."""


def artefacts(folder: Path) -> str:
    """Sends one exchange through `firstbyte edge`; all it wrote anywhere."""
    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            _exchange(server.server_port, folder)
        finally:
            server.shutdown()
            thread.join()
    return "\n".join(path.read_text() for path in sorted(folder.iterdir()))


def _exchange(port: int, folder: Path) -> None:
    words = [
        "edge",
        "--listen",
        "127.0.0.1:0",
        "--upstream",
        f"http://127.0.0.1:{port}",
        "--profile",
        "nginx",
        "--ready-json",
    ]
    files = ["--save-har", str(folder / "out.har"), "--events", str(folder / "events")]
    with (folder / "log").open("wb") as log:
        edge = subprocess.Popen(
            [sys.executable, "-m", "firstbyte.harness.cli", *words, *files],
            env={**os.environ, redact.VARIABLE: "x-tenant"},
            stdout=subprocess.PIPE,
            stderr=log,
        )
    with edge:
        assert edge.stdout is not None
        address = loads(edge.stdout.readline())["ready"].removeprefix("http://")
        connection = HTTPConnection(address, timeout=30)
        connection.request("POST", PATH, body=BODY, headers=SENT)
        assert connection.getresponse().read().count(b"PLANTED") == 2
        connection.close()
        edge.terminate()
        edge.wait(30)


def test_no_planted_secret_is_in_anything_an_edge_writes(tmp_path: Path) -> None:
    written = artefacts(tmp_path)
    assert sorted({word for word in written.replace('"', " ").split() if "PLANTED" in word}) == []
    assert [number for number in ("0001", "0002", "0003") if f"VISIBLE-{number}" not in written] == []
    assert redact.MASK in written


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
