"""`firstbyte probe` as users run it: against servers on loopback, plain and TLS, and with every bad input."""

import json
import os
import pty
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import pytest

from firstbyte.harness.cli import main
from firstbyte.harness.model.shape import Hold, Raw, Request, Shape, WaitRequest
from firstbyte.harness.probe.address import read_address
from firstbyte.proxies.program.tls import make_tls
from tests.harness.probe.servers import playing, scaled
from tests.profiles import QUICK

pytestmark = pytest.mark.real

OK = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


def shape(id_: str, text: str, then: tuple[Raw | Hold, ...] = (Hold(),)) -> Shape:
    return Shape(id=id_, title=id_, steps=(WaitRequest(), Raw(text=text), *then), request=Request())


def probe(*words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, object], str]:
    """Exit code, document, what people see."""
    code = main(["probe", *words, "--json", "-"])
    shown = capsys.readouterr()
    return code, json.loads(shown.out), shown.err


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with playing(shape("ok", OK), tmp_path_factory.mktemp("plain")) as url:
        yield url


def test_a_quick_answer_passes_every_edge(plain: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, document, picture = probe("GET", f"{plain}/a?b=c", capsys=capsys)
    edges = document["edges"]
    assert code == 0
    assert isinstance(edges, dict)
    assert len(edges) >= 36
    assert {edge["outcome"] for edge in edges.values()} == {"passes"}
    assert document["findings"] == []
    assert "GET a" in picture
    assert "200" in picture


def test_the_document_has_what_other_programs_depend_on(
    plain: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, document, _ = probe("GET", plain, "--edge", "nginx", capsys=capsys)
    wire, edges = document["wire"], document["edges"]
    assert isinstance(wire, dict)
    assert isinstance(edges, dict)
    assert document["schema"] == 1
    assert {"first_byte_s", "header_s", "first_body_s", "longest_gap_s", "end_s", "end", "status"} <= set(
        wire
    )
    assert 0 < wire["first_byte_s"] <= wire["header_s"] <= wire["first_body_s"] <= wire["end_s"]
    assert (wire["status"], wire["end"]) == (200, "complete")
    assert {"outcome", "status", "at_s", "margin_s"} <= set(edges["nginx"])
    assert 55 < edges["nginx"]["margin_s"] < 60


def test_half_a_header_is_drawn_found_and_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with playing(scaled("partial-header-204", 60), tmp_path) as url:
        code, document, picture = probe("POST", url, "--data", "{}", "--edge", "caddy", capsys=capsys)
    assert code == 1
    assert document["findings"] == ["partial-header"]
    assert "half a header" in picture
    assert "cure: " in picture


def test_an_answer_that_does_not_come_in_time_is_cut_by_those_whose_limit_is_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quick = tmp_path / "quick.toml"
    quick.write_text(QUICK.replace("60s", "100ms"))
    with playing(shape("silent", ""), tmp_path) as url:
        words = ("GET", url, "--patience", "1s", "--edge", str(quick), "--edge", "nginx")
        code, document, picture = probe(*words, capsys=capsys)
    edges = document["edges"]
    assert isinstance(edges, dict)
    assert code == 1
    assert edges[str(quick)]["outcome"] == "cut"
    assert edges[str(quick)]["status"] == 504
    assert edges[str(quick)]["timer"] == "read"
    assert 0.1 <= edges[str(quick)]["at_s"] < 1
    assert edges["nginx"]["outcome"] == "unknown"
    assert edges["nginx"]["cause"] == "the recording ends before any deadline"
    assert "header-withheld" in str(document["findings"])
    assert "still open" in picture


@pytest.mark.parametrize(
    ("name", "text", "finding"),
    [
        ("204-framed", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", "body-on-204"),
        (
            "204-body",
            "HTTP/1.1 204 No Content\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\n{}",
            "body-on-204",
        ),
        ("more", f"{OK}more", "bytes-after-end"),
        ("102", f"HTTP/1.1 102 Processing\r\n\r\n{OK}", "interim-breaks-edge"),
        ("bare", "HTTP/1.1 204 No Content\r\n\r\n", "type-missing-on-204"),
    ],
)
def test_what_is_wrong_on_the_wire_is_found(
    name: str, text: str, finding: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with playing(shape(name, text), tmp_path) as url:
        _, document, _ = probe("GET", url, capsys=capsys)
    assert finding in str(document["findings"])


def test_a_secret_in_a_header_or_address_is_never_shown(
    plain: str, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "hunter2-hunter2"
    words = ("GET", f"{plain}/a?access_token={secret}", "--header", f"Authorization: Bearer {secret}")
    _, document, picture = probe(*words, capsys=capsys)
    assert secret not in json.dumps(document) + picture


def test_a_server_that_is_not_there_is_told_apart_from_one_that_is_slow(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["probe", "GET", "http://127.0.0.1:9/"]) == 3
    assert "127.0.0.1:9: no connection: " in capsys.readouterr().err


def test_an_address_with_https_gets_a_context_that_checks_certificates() -> None:
    context = read_address("https://example.test/x").target.tls
    assert context is not None
    assert context.verify_mode is ssl.CERT_REQUIRED
    unchecked = read_address("https://example.test/x", verify=False).target.tls
    assert unchecked is not None
    assert unchecked.verify_mode is ssl.CERT_NONE


BAD = [
    (["GET"], "needs METHOD and URL, or --har FILE"),
    (["GET", "ftp://host/"], "'ftp://host/' is no address to probe; write http://host:port/path"),
    (["GET", "127.0.0.1:80"], "is no address to probe"),
    (["GET", "http://host:99999/"], "is no address: "),
    (["GET", "http://[::1/"], "is no address: "),
    (["GET", "http://host/a b"], "a space or control character; write it as %20"),
    (["GET", "http://host/\r\nX: y"], "a space or control character"),
    (["GET", "http://me:secret@host/"], "a password in an address gets into logs"),
    (["G T", "http://host/"], "'G T' is no method to probe with"),
    (["CONNECT", "http://host/"], "is no method to probe with"),
    (["GET", "http://host/", "--header", "nonsense"], "is no header; write 'Name: value'"),
    (["GET", "http://host/", "--header", "A: b\r\nC: d"], "a line break would end the header"),
    (["GET", "http://host/", "--header", "Transfer-Encoding: chunked"], "the probe frames its own request"),
    (["GET", "http://host/", "--data", "@nowhere.json"], "--data @nowhere.json: can't be read"),
    (["GET", "http://host/", "--edge", "ngnix"], "no edge 'ngnix'; did you mean 'nginx'?"),
    (["GET", "http://host/", "--har", "x.har"], "--har: nothing is sent for a HAR file"),
    (["--har", "nowhere.har"], "--har nowhere.har: can't be read"),
]


@pytest.mark.parametrize(("words", "message"), BAD, ids=[" ".join(words) for words, _ in BAD])
def test_bad_input_is_one_message_with_a_cure(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["probe", *words]) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert "secret" not in shown.err
    assert "Traceback" not in shown.err
    assert shown.out == ""


@pytest.mark.parametrize("given", ["0s", "5", "-1s", "soon"])
def test_a_patience_without_a_unit_is_refused(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["probe", "GET", "http://127.0.0.1:9/", f"--patience={given}"])
    assert ended.value.code == 2
    assert given in capsys.readouterr().err


def test_a_server_with_tls_is_probed_with_or_without_trust(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with tls_server(tmp_path) as url:
        assert main(["probe", "GET", url]) == 3
        assert "its certificate is not trusted" in capsys.readouterr().err
        code, document, picture = probe("GET", url, "--insecure", "--edge", "nginx", capsys=capsys)
    wire = document["wire"]
    assert isinstance(wire, dict)
    assert (code, wire["status"]) == (0, 200)
    assert wire["tls_s"] > 0
    assert "TLS" in picture


@contextmanager
def tls_server(folder: Path) -> Iterator[str]:
    """Answers every request with OK, over TLS, with a certificate nobody knows."""
    files = make_tls(folder, "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                plain, _ = listener.accept()
                with suppress(OSError), context.wrap_socket(plain, server_side=True) as connection:
                    connection.recv(65_536)
                    connection.sendall(OK.encode())
                    connection.recv(65_536)

    thread = Thread(target=serve)
    thread.start()
    try:
        yield f"https://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=10)


def on_a_terminal(*words: str) -> str:
    """What a command writes to a stderr that is a terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "firstbyte.harness.cli", "probe", *words]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        heard = b""
        with suppress(OSError):  # how Linux says that the other side is closed
            while piece := os.read(ours, 65_536):
                heard += piece
        assert process.wait(timeout=30) in (0, 1)
    os.close(ours)
    return heard.decode()


@pytest.mark.slow
@pytest.mark.parametrize(("words", "is_shown"), [((), True), (("--json", "-"), False)])
def test_who_waits_for_an_answer_sees_for_how_long_at_most(
    words: tuple[str, ...], is_shown: bool, tmp_path: Path
) -> None:
    silent = shape("silent-for-long", "HTTP/1.1 200 OK\r\n")
    with playing(silent, tmp_path) as url:
        heard = on_a_terminal("GET", url, "--edge", "nginx", "--patience", "3500ms", *words)
    assert ("listening for the whole answer" in heard) is is_shown
    assert ("/4, about " in heard) is is_shown
