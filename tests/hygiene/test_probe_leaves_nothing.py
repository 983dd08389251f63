"""A probe or an audit that is stopped half way leaves no process, no folder, and says so."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hygiene.lab import Session

pytestmark = pytest.mark.real

STOPPED = 130
HEAVY = ("mitmproxy", "starlette", "uvicorn", "playwright", "schemathesis", "httpx")


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(30)
        yield listener


def test_ctrl_c_ends_a_probe_that_listens(silent: socket.socket, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
    with Session(tmp_path / "tmp", "probe", "GET", url) as session:
        connection, _ = silent.accept()
        with connection:
            assert connection.recv(4) == b"GET "
            session.ctrl_c()
            assert session.end() == STOPPED
        assert "firstbyte: stopped" in session.err
        assert session.living() == []
    assert list((tmp_path / "tmp").iterdir()) == []


def test_ctrl_c_ends_an_audit_that_listens(silent: socket.socket, tmp_path: Path) -> None:
    file = tmp_path / "api.json"
    paths = {"/a": {"get": {"responses": {"200": {"description": "ok"}}}}}
    file.write_text(json.dumps({"openapi": "3.0.3", "info": {"title": "a", "version": "1"}, "paths": paths}))
    server = f"http://127.0.0.1:{silent.getsockname()[1]}"
    with Session(tmp_path / "tmp", "audit", str(file), "--server", server) as session:
        connection, _ = silent.accept()
        with connection:
            assert connection.recv(4) == b"GET "
            session.ctrl_c()
            assert session.end() == STOPPED
        assert session.living() == []
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_probe_loads_no_edge_and_no_server(tmp_path: Path) -> None:
    har = tmp_path / "a.har"
    request = {"method": "GET", "url": "http://h/"}
    entry = {"request": request, "response": {"status": 200}, "timings": {"wait": 1}}
    har.write_text(json.dumps({"log": {"entries": [entry]}}))
    script = (
        f"import sys\nfrom firstbyte.harness.cli import main\nmain(['probe', '--har', {str(har)!r}])\n"
        f"sys.stderr.write(','.join(name for name in {HEAVY!r} if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == ""
