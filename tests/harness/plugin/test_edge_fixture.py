"""The `edge` fixture, used as a test of a user's uses it: before a server of his own, with a plain client."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from firstbyte.harness.plugin import program
from firstbyte.harness.plugin.edge import Edge, EdgeFactory
from firstbyte.harness.problems import MissingTool, SetupFailed
from firstbyte.proxies.rules.orders import HeldRequest
from tests.hygiene.lab import until
from tests.users_pytest import ENVIRONMENT

pytestmark = pytest.mark.real


class Shop:
    """A server that takes orders. url: without an edge."""

    def __init__(self) -> None:
        self.orders: list[str] = []
        shop = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                shop.orders.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign] # a killed edge resets
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.close()


def test_an_expired_deadline_is_a_524_for_an_order_that_was_taken(edge: EdgeFactory, shop: Shop) -> None:
    front = edge(shop.url, profile="cloudflare")
    front.expire()
    assert httpx.post(front.url, content="tea").status_code == 524
    until(lambda: shop.orders == ["tea"], "the order at the server")
    (fired,) = front.fired
    assert (fired.timer, fired.hop) == ("proxy-read", 0)
    assert httpx.post(front.url, content="milk").status_code == 204


def test_only_what_fits_expires(edge: EdgeFactory, shop: Shop) -> None:
    front = edge(shop.url, profile="nginx")
    front.expire(path="/slow/*", method="POST")
    assert httpx.post(f"{front.url}/fast", content="a").status_code == 204
    assert httpx.post(f"{front.url}/slow/1", content="b").status_code == 504
    assert not front.held()


async def test_a_held_answer_waits_until_it_is_released(edge: EdgeFactory, shop: Shop) -> None:
    front = edge(shop.url)
    front.hold()
    async with httpx.AsyncClient() as client:
        sending = asyncio.create_task(client.post(front.url, content="tea"))
        held = await asyncio.to_thread(until, lambda: answered(front), "the server's answer")
        assert [(one.method, one.path) for one in held] == [("POST", "/")]
        assert not sending.done()
        front.release()
        assert (await sending).status_code == 204
    assert front.fired == ()


def test_deadlines_can_go_by_a_scaled_clock(edge: EdgeFactory) -> None:
    with silent() as address:
        front = edge(address, profile="heroku", time_scale=100)
        assert httpx.get(front.url, timeout=20).status_code == 503
    assert [one.timer for one in front.fired] == ["first-byte"]
    with pytest.raises(SetupFailed, match="leave time_scale out"):
        front.expire()


def test_a_key_of_the_profile_can_be_changed(edge: EdgeFactory, shop: Shop) -> None:
    front = edge(shop.url, settings={"answers.timeout.status": 599})
    front.expire()
    assert httpx.post(front.url, content="tea").status_code == 599


def test_what_is_wrong_is_said_by_the_edge_itself(edge: EdgeFactory, shop: Shop) -> None:
    with pytest.raises(SetupFailed, match="no edge 'cloudflair'; did you mean 'cloudflare'"):
        edge(shop.url, profile="cloudflair")
    with pytest.raises(SetupFailed, match="has a path"):
        edge(f"{shop.url}/api")


def test_a_killed_test_run_leaves_no_edge(shop: Shop, tmp_path: Path) -> None:
    test = tmp_path / "test_it.py"
    test.write_text(
        f"def test_it(edge, capsys):\n    front = edge('{shop.url}')\n    with capsys.disabled():\n"
        "        print('at', front.url, flush=True)\n    input()\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-s", str(test)]
    with subprocess.Popen(
        command, env={**os.environ, **ENVIRONMENT}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True, cwd=tmp_path
    ) as run:  # fmt: skip
        assert run.stdout is not None
        url = next(line.split()[1] for line in run.stdout if line.startswith("at "))
        assert httpx.post(url, content="tea").status_code == 204
        run.send_signal(signal.SIGKILL)
    until(lambda: not _answers(url), "the end of the edge")


def test_without_mitmproxy_another_firstbyte_is_used_or_the_cure_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(program, "find_spec", lambda _name: None)
    with pytest.raises(MissingTool, match="pip install 'firstbyte\\[edge\\]'"):
        program.edge_program({"PATH": str(tmp_path)})
    tool = tmp_path / "firstbyte"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    assert program.edge_program({"PATH": str(tmp_path)}) == [str(tool)]
    assert program.edge_program({"PATH": "", program.VARIABLE: str(tool)}) == [str(tool)]
    with pytest.raises(MissingTool, match="there is no program '/nowhere'"):
        program.edge_program({"PATH": "", program.VARIABLE: "/nowhere"})


def answered(front: Edge) -> list[HeldRequest]:
    """What waits with its answer."""
    return [one for one in front.held() if one.answered]


def _answers(url: str) -> bool:
    with suppress(httpx.HTTPError):
        httpx.get(url)
        return True
    return False


class silent:  # noqa: N801 - a verb's context
    """A server that accepts and says nothing. Gives its URL."""

    def __enter__(self) -> str:
        import socket  # noqa: PLC0415

        self._server = socket.create_server(("127.0.0.1", 0))
        return f"http://127.0.0.1:{self._server.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._server.close()
