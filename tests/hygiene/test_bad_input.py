"""Input nobody can use gets one message with place and cure; garbage on the wire gets an answer."""

import socket
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from firstbyte.harness.cli import main
from firstbyte.harness.files.loader import load_profile
from tests.hygiene.lab import Session
from tests.profiles import QUICK

pytestmark = pytest.mark.real

EDGE = ("edge", "--listen", "127.0.0.1:0", "--upstream", "http://127.0.0.1:9", "--profile")
LOOPBACK = "127.0.0.1"

SUITE = """
suite = "mine"
about = "Mine."

[[scenario]]
id = "slow"
claim = "A client must be told the truth."
source = "2026-11-22"
step = [{ do = "send" }]
edge.nginx = { verdict = "delivered" }
"""

RUN, CHECK = ("run", "FILE"), ("check", "FILE")
RUN_BEHIND, CHECK_QUICK, EDGE_OF = ("run", "act-1", "--edge", "FILE"), ("check", "FILE"), (*EDGE, "FILE")

FILES = [
    (RUN, SUITE, "step =", "stpe =", "scenario[0]: unknown key 'stpe'; did you mean 'step'?"),
    (CHECK, SUITE, "step =", "stpe =", "scenario[0]: unknown key 'stpe'; did you mean 'step'?"),
    (RUN, SUITE, '"send"', '"send", pace = "5"', "step[0].pace: '5' has no unit; write '5s'"),
    (CHECK, SUITE, '"send"', '"send", pace = "5"', "step[0].pace: '5' has no unit; write '5s'"),
    (RUN, SUITE, "edge.nginx", "edge.ngnix", "no edge 'ngnix'; did you mean 'nginx'?"),
    (CHECK, SUITE, "edge.nginx", "edge.ngnix", "there is no edge 'ngnix'; did you mean 'nginx'?"),
    (
        RUN,
        SUITE,
        "step =",
        'origin = { kind = "server", handler = "no-contnet" }\nstep =',
        "slow: origin.handler: there is no handler 'no-contnet'; did you mean 'no-content'?",
    ),
    (
        RUN,
        SUITE,
        'do = "send"',
        'do = "wait", for = "1s"',
        "slow: step: nothing is sent, so nothing can be judged; add { do = 'send' }",
    ),
    (RUN_BEHIND, QUICK, "limit", "limt", "timers[0]: unknown key 'limt'; did you mean 'limit'?"),
    (CHECK_QUICK, QUICK, "limit", "limt", "timers[0]: unknown key 'limt'; did you mean 'limit'?"),
    (EDGE_OF, QUICK, "limit", "limt", "timers[0]: unknown key 'limt'; did you mean 'limit'?"),
    (RUN_BEHIND, QUICK, "60s", "60", "timers[0].limit: '60' has no unit; write '60s'"),
    (CHECK_QUICK, QUICK, "60s", "60", "timers[0].limit: '60' has no unit; write '60s'"),
    (EDGE_OF, QUICK, "60s", "60", "timers[0].limit: '60' has no unit; write '60s'"),
    (
        RUN_BEHIND,
        QUICK,
        "header-completed",
        "request-sent",
        "timers.read: starts and stops on 'request-sent'",
    ),
    (
        CHECK_QUICK,
        QUICK,
        "header-completed",
        "request-sent",
        "timers.read: starts and stops on 'request-sent'",
    ),
    (EDGE_OF, QUICK, "header-completed", "request-sent", "timers.read: starts and stops on 'request-sent'"),
]


@pytest.mark.parametrize(
    ("words", "text", "right", "wrong", "message"), FILES, ids=[f"{row[0][0]} {row[3]}"[:40] for row in FILES]
)
def test_a_wrong_file_is_named_with_the_key_and_the_cure(
    words: tuple[str, ...],
    text: str,
    right: str,
    wrong: str,
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert right in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(right, wrong, 1))
    code, said = ended(tmp_path, capsys, *(str(path) if word == "FILE" else word for word in words))
    assert code == 2
    assert message in said
    assert "Traceback" not in said


def ended(tmp_path: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Exit code and standard error. A command that would serve, if it took the input, is a process."""
    if words[0] in ("run", "check"):
        return main(list(words)), capsys.readouterr().err
    with Session(tmp_path / "t", *words) as session:
        code = session.end()
    return code, session.err


OPTIONS = [
    ((*EDGE, "ngnix"), "no edge 'ngnix'; did you mean 'nginx'?"),
    ((*EDGE, "nginx", "--set", "timers.connect.limit=0s"), "timers.connect.limit: must be more than nothing"),
    ((*EDGE, "nginx", "--first-byte-timeout", "5"), "'5' has no unit; write '5s'"),
    ((*EDGE, "nginx", "--listen", "0.0.0.0:0"), "add --allow-remote if that is meant"),
    (("serve", "--listen", "0.0.0.0:0"), "Add --allow-remote if that is meant"),
    (("serve", "--model-delay", "130"), "write '130s'"),
    (("demo", "--edge", "ngnix"), "no edge 'ngnix'; did you mean 'nginx'?"),
    (("demo", "--model-delay", "130"), "'130' has no unit; write '130s'"),
    (("run", "act-1", "--mode", "real", "-j", "0"), "'0' is not a whole number above 0"),
]


@pytest.mark.parametrize(
    ("words", "message"), OPTIONS, ids=[f"{row[0][0]} {' '.join(row[0][-2:])}" for row in OPTIONS]
)
def test_a_wrong_option_is_named_with_the_cure(words: tuple[str, ...], message: str, tmp_path: Path) -> None:
    with Session(tmp_path / "t", *words) as session:
        assert (session.end(), session.out) == (2, "")
    assert message in session.err
    assert "Traceback" not in session.err


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    """A port somebody listens on."""
    with socket.create_server((LOOPBACK, 0)) as server:
        yield server


@pytest.fixture
def closed() -> int:
    """A port nobody listens on."""
    with socket.create_server((LOOPBACK, 0)) as server:
        return int(server.getsockname()[1])


def test_a_busy_port_is_named_with_the_way_out(taken: socket.socket, tmp_path: Path) -> None:
    where = f"{LOOPBACK}:{taken.getsockname()[1]}"
    edge = ("edge", "--upstream", "http://127.0.0.1:9", "--profile", "nginx", "--listen", where)
    for words, cure in ((("serve", "--listen", where), "or pass --listen"), (edge, "choose another port")):
        with Session(tmp_path / "t", *words) as session:
            assert session.end() == 2
        assert where in session.err
        assert cure in session.err
        assert "Traceback" not in session.err


def start_edge(tmp: Path, profile: str, upstream: int) -> Session:
    words = ("--profile", profile, "--upstream", f"http://{LOOPBACK}:{upstream}", "--listen", f"{LOOPBACK}:0")
    return Session(tmp, "edge", *words)


@pytest.mark.parametrize("profile", ["cloudflare-100", "nginx"])
def test_an_unreachable_upstream_is_a_warning_and_the_products_own_answer(
    profile: str, closed: int, tmp_path: Path
) -> None:
    with start_edge(tmp_path / "t", profile, closed) as session:
        connection = HTTPConnection(LOOPBACK, session.listening(1).pop(), timeout=20)
        connection.request("GET", "/")
        status = connection.getresponse().status
        connection.close()
        session.signal(2)
        assert session.end() == 0
    assert status == load_profile(profile).profile.answers["connect-refused"].status
    assert f"warning: nothing answers at {LOOPBACK}:{closed}" in session.err


@pytest.mark.parametrize("command", ["serve", "edge"])
@pytest.mark.parametrize(
    "garbage",
    [b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n"],
    ids=["a TLS hello", "a broken header"],
)
def test_a_client_that_sends_garbage_gets_a_400_and_the_end(
    command: str, garbage: bytes, closed: int, tmp_path: Path
) -> None:
    tmp = tmp_path / "t"
    serve = ("serve", "--listen", f"{LOOPBACK}:0")
    with start_edge(tmp, "nginx", closed) if command == "edge" else Session(tmp, *serve) as session:
        with socket.create_connection((LOOPBACK, session.listening(1).pop()), 20) as client:
            client.sendall(garbage)
            answer = b"".join(iter(lambda: client.recv(4096), b""))
        session.signal(2)
        assert session.end() == 0
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert "Traceback" not in session.err


# nginx takes what is no status line for HTTP/0.9 and passes it on: tests/proxies/test_odd_answers.py.
@pytest.mark.parametrize("profile", ["cloudflare-100", "haproxy"])
def test_an_origin_that_sends_garbage_gives_the_products_own_answer(
    profile: str, taken: socket.socket, tmp_path: Path
) -> None:
    with start_edge(tmp_path / "t", profile, taken.getsockname()[1]) as session:
        port = session.listening(1).pop()
        taken.accept()[0].close()  # the edge looks once whether its upstream is there
        connection = HTTPConnection(LOOPBACK, port, timeout=20)
        connection.request("GET", "/")
        origin, _ = taken.accept()
        origin.sendall(b"what is this\r\n\r\n")
        status = connection.getresponse().status
        origin.close()
        connection.close()
        session.signal(2)
        assert session.end() == 0
    assert status == load_profile(profile).profile.answers["protocol-error"].status
    assert "Traceback" not in session.err
