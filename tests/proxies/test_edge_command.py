"""`firstbyte edge` as a process: its ready line, log, HAR, addon, chain, held mode, errors and ends."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped] # it has no types

from firstbyte.harness.problems import BadInput
from firstbyte.proxies.program.arguments import parse
from tests.proxies.lab import CHUNKED, OK, head_of

pytestmark = pytest.mark.real
ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def upstream() -> Iterator[int]:
    """A server that answers /slow never, /sse one event, everything else at once."""
    never = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await head_of(reader)
                if b" /slow" in head:
                    await never.wait()
                writer.write(CHUNKED + b"2\r\nhi\r\n0\r\n\r\n" if b" /sse" in head else OK)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", 0))
    thread = Thread(target=loop.run_forever)
    thread.start()
    yield server.sockets[0].getsockname()[1]

    async def end() -> None:
        server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        loop.stop()

    asyncio.run_coroutine_threadsafe(end(), loop)
    thread.join()
    loop.close()


class Running:
    """An edge process. log: everything it wrote, once it has ended."""

    def __init__(self, process: subprocess.Popen[str], ready: dict[str, str | int]) -> None:
        self.process = process
        self.ready = ready
        self.log = ""
        self.port = int(str(ready["ready"]).rpartition(":")[2])

    def status(self, path: str) -> int:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path)
        status = connection.getresponse().status
        connection.close()
        return status


@contextmanager
def edge(*options: str, number: signal.Signals = signal.SIGTERM, code: int = 0) -> Iterator[Running]:
    command = [sys.executable, "-m", "firstbyte.proxies", "--listen", "127.0.0.1:0", "--ready-json", *options]
    environment = {**os.environ, "FIRSTBYTE_TOKEN": "secret"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise AssertionError(process.communicate()[1])
    running = Running(process, json.loads(line))
    try:
        yield running
    finally:
        process.send_signal(number)
        _, running.log = process.communicate(timeout=20)
    assert process.returncode == code, running.log


def common(upstream: int) -> list[str]:
    return [
        "--upstream",
        f"http://127.0.0.1:{upstream}",
        "--profile",
        "cloudflare-100",
        "--time-scale",
        "200",
    ]


def test_one_line_a_request_names_the_timer_that_fired(upstream: int) -> None:
    with edge(*common(upstream)) as running:
        assert running.ready["pid"] == running.process.pid
        assert (running.status("/"), running.status("/slow")) == (200, 524)
    assert "GET / 200 0." in running.log
    assert "GET /slow 524 0.5" in running.log
    assert "timer proxy-read" in running.log
    assert ": assumed" in running.log
    assert "Traceback" not in running.log


def test_a_tunnel_logs_the_two_lines_of_the_report_when_the_edge_before_it_gives_up(upstream: int) -> None:
    options = [
        "--upstream",
        f"http://127.0.0.1:{upstream}",
        "--profile",
        "cloudflare-100,cloudflare-tunnel",
        "--time-scale",
        "200",
    ]
    with edge(*options) as running:
        assert running.status("/slow") == 524
    assert 'ERR  error="Incoming request ended abruptly: context canceled" cfRay=' in running.log
    assert 'ERR Request failed error="Incoming request ended abruptly: context canceled"' in running.log


def test_the_first_byte_timeout_sets_the_header_timers(upstream: int) -> None:
    options = [
        "--upstream",
        f"http://127.0.0.1:{upstream}",
        "--profile",
        "nginx",
        "--first-byte-timeout",
        "300ms",
    ]
    with edge(*options) as running:
        assert running.status("/slow") == 504
    assert "GET /slow 504 0.3" in running.log


def test_a_chain_is_cut_by_its_shortest_limit(upstream: int, tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    options = [
        "--upstream",
        f"http://127.0.0.1:{upstream}",
        "--profile",
        "cloudflare-100,nginx",
        "--time-scale",
        "200",
    ]
    with edge(*options, "--quiet", "--events", str(events)) as running:
        assert running.status("/slow") == 504
    seen = [json.loads(line) for line in events.read_text().splitlines()]
    fired = [
        (event["data"]["hop"], event["data"]["timer"]) for event in seen if event["kind"] == "timer-fired"
    ]
    assert [hop for hop, _ in fired] == [1]
    assert {event["data"]["hop"] for event in seen} == {0, 1}


def test_a_har_holds_what_was_said_and_which_timer_fired(upstream: int, tmp_path: Path) -> None:
    path = tmp_path / "out.har"
    with edge(*common(upstream), "--save-har", str(path)) as running:
        running.status("/")
        running.status("/slow")
    fine, slow = json.loads(path.read_text())["log"]["entries"]
    assert (fine["response"]["status"], fine["response"]["content"]["text"]) == (200, "ok")
    assert (slow["response"]["status"], slow["_firstbyte"]["timers_fired"]) == (524, ["proxy-read"])
    assert 500 <= slow["time"] < 2000
    schema = json.loads((ROOT / "tests" / "data" / "har-1.2.json").read_text(encoding="utf-8"))
    assert [
        one.message for one in Draft202012Validator(schema).iter_errors(json.loads(path.read_text()))
    ] == []


def test_a_flow_file_opens_in_mitmproxy(upstream: int, tmp_path: Path) -> None:
    path = tmp_path / "out.flow"
    with edge(*common(upstream), "--save-flows", str(path)) as running:
        running.status("/")
        running.status("/slow")
    dump = Path(sys.executable).with_name("mitmdump")
    options = ("--no-server", "--rfile", path, "--set", "flow_detail=3", "--set", "showhost=true")
    shown = subprocess.run([dump, *options], capture_output=True, text=True, timeout=60, check=True).stdout
    for words in ("/\n", " << 200 OK 2b", "    ok", "/slow\n", " << 524"):
        assert words in shown


ADDON = """
from mitmproxy import http

def requestheaders(flow):
    flow.request.headers["X-Addon"] = "1"

def request(flow):
    if flow.request.path == "/own":
        flow.response = http.Response.make(418, b"tea", {"Content-Type": "text/plain"})
    if flow.request.path == "/elsewhere":
        flow.request.url = "http://192.0.2.1:9/there"
    if flow.request.path == "/kill":
        flow.kill()

def response(flow):
    flow.response.text = flow.response.text + " changed"

def error(flow):
    print("addon saw", flow.error.msg, flush=True)
"""


def test_an_addon_script_sees_and_changes_exchanges(upstream: int, tmp_path: Path) -> None:
    script = tmp_path / "addon.py"
    script.write_text(ADDON)
    with edge(*common(upstream), "--addon", str(script)) as running:
        connection = HTTPConnection("127.0.0.1", running.port, timeout=10)
        answers = []
        for path in ("/", "/own", "/elsewhere", "/slow"):
            connection.request("POST" if path == "/" else "GET", path, body=b"" if path == "/" else None)
            answer = connection.getresponse()
            answers.append((answer.status, answer.read()[:12]))
        connection.close()
        assert answers[:3] == [(200, b"ok changed"), (418, b"tea"), (200, b"ok changed")]
        assert answers[3][0] == 524
        with pytest.raises(ConnectionError):
            running.status("/kill")
    assert "Traceback" not in running.log


def test_held_mode_prints_where_it_is_told(upstream: int) -> None:
    with edge(*common(upstream), "--hold", "--control", "127.0.0.1:0") as running:
        control = HTTPConnection(
            "127.0.0.1", int(str(running.ready["control"]).rpartition(":")[2]), timeout=10
        )
        control.request("GET", "/held", headers={"Authorization": "Bearer secret"})
        assert json.loads(control.getresponse().read()) == {"held": []}
        control.close()
    assert "secret" not in running.log


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_requests_under_way(upstream: int, number: signal.Signals) -> None:
    with edge(*common(upstream), number=number) as running:
        held = socket.create_connection(("127.0.0.1", running.port))
        held.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
    held.close()
    assert "Traceback" not in running.log


def test_an_unreachable_upstream_is_a_warning_and_an_answer() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        with edge(*common(port)) as running:
            assert running.status("/") == 521
    assert f"warning: nothing answers at 127.0.0.1:{port}" in running.log


def test_a_busy_port_is_bad_input(upstream: int) -> None:
    command = [
        sys.executable,
        "-m",
        "firstbyte.proxies",
        *common(upstream),
        "--listen",
        f"127.0.0.1:{upstream}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2
    assert f"--listen: 127.0.0.1:{upstream} can't be had" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--profile", "cloudflair"], "did you mean"),
        (["--profile", "nginx", "--first-byte-timeout", "100"], "has no unit"),
        (["--profile", "nginx", "--first-byte-timeout", "0s"], "more than nothing"),
        (["--profile", "nginx", "--time-scale", "0"], "--time-scale"),
        (["--profile", ","], "name at least one edge"),
        (["--profile", "nginx", "--listen", "8524"], "is not HOST:PORT"),
        (["--profile", "nginx", "--listen", "0.0.0.0:0"], "--allow-remote"),
        (["--profile", "nginx", "--hold", "--control", "0.0.0.0:0"], "--allow-remote"),
        (["--profile", "nginx", "--control", "127.0.0.1:0"], "--hold"),
        (["--profile", "nginx", "--addon", "/none.py"], "there is no file"),
        (["--profile", "nginx", "--set", "timers"], r"is not \[HOP:\]KEY=VALUE"),
        (["--profile", "nginx", "--set", "timers.nope.limit=1s"], "no entry named 'nope'"),
    ],
)
def test_bad_options_say_what_to_write_instead(options: list[str], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        parse(["--upstream", "http://127.0.0.1:1", *options])


@pytest.mark.parametrize(
    "url", ["127.0.0.1:80", "ftp://a", "http://", "http://a:99999", "http://a/path", "http://u@a"]
)
def test_bad_upstreams_are_refused(url: str) -> None:
    with pytest.raises(BadInput, match="--upstream"):
        parse(["--upstream", url, "--profile", "nginx"])


def test_the_help_loads_no_mitmproxy() -> None:
    code = (
        "import sys; from firstbyte.proxies.program.main import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "sys.exit('mitmproxy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
