"""`firstbyte audit` on a FastAPI application: what is sent, what is shown, and what is new."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from firstbyte.harness.cli import main
from tests.harness.audit.app import KEY, Hits, running
from tests.harness.probe.servers import playing
from tests.harness.probe.test_probe_command import shape
from tests.profiles import QUICK

pytestmark = [pytest.mark.real, pytest.mark.clock]

MISSING = {"$ref": "#/nowhere"}
SAFE = ["GET /feed", "GET /items", "GET /items/0", "GET /private", "GET /report"]


@pytest.fixture(scope="module")
def app() -> Iterator[tuple[str, Hits]]:
    hits = Hits()
    with running(hits) as url:
        yield url, hits


@pytest.fixture
def hits(app: tuple[str, Hits]) -> Hits:
    app[1].labels.clear()
    app[1].times.clear()
    return app[1]


@pytest.fixture
def quick(tmp_path: Path) -> str:
    """An edge whose limit the slow operation misses by far, and the others keep by far."""
    file = tmp_path / "quick.toml"
    file.write_text(QUICK.replace("60s", "500ms"))
    return str(file)


class Audit:
    """Runs the command on the application."""

    def __init__(self, url: str, edge: str, capsys: pytest.CaptureFixture[str]) -> None:
        self._words = [f"{url}/openapi.json", "--edge", edge, "--param", "item=0", "--param", "limit=3"]
        self._capsys = capsys
        self.shown = ""

    def __call__(self, *words: str) -> tuple[int, dict[str, Any]]:
        code = main(["audit", *self._words, *words, "--json", "-"])
        captured = self._capsys.readouterr()
        self.shown = captured.out + captured.err
        document: dict[str, Any] = json.loads(captured.out)
        return code, document


@pytest.fixture
def audit(app: tuple[str, Hits], quick: str, capsys: pytest.CaptureFixture[str]) -> Audit:
    return Audit(app[0], quick, capsys)


def by_label(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {f"{one['method']} {one['path']}": one for one in document["operations"]}


def test_every_safe_operation_is_sent_once_and_nothing_else(audit: Audit, hits: Hits) -> None:
    code, document = audit()
    assert sorted(hits.labels) == SAFE
    assert code == 1
    found = by_label(document)
    assert {label for label, one in found.items() if one["sent"]} == {
        "GET /feed", "GET /items", "GET /items/{item}", "GET /private", "GET /report",
    }  # fmt: skip
    assert found["POST /items"]["problem"] == "not sent: it may change something; --unsafe sends it"
    assert found["POST /items"]["wire"] is None
    (edge,) = found["GET /report"]["edges"].values()
    assert (edge["outcome"], edge["status"], edge["timer"]) == ("cut", 504, "read")
    assert "header-withheld" in found["GET /report"]["findings"]
    (edge,) = found["GET /items"]["edges"].values()
    assert edge["outcome"] == "passes"
    assert found["GET /items"]["wire"]["status"] == 200


def test_the_worst_comes_first_with_what_helps(audit: Audit, hits: Hits) -> None:
    audit("--include", "/report", "--include", "/items")
    rows = [line for line in audit.shown.splitlines() if line.startswith(("GET /report", "GET /items"))]
    assert rows[0].startswith("GET /report")
    assert rows[0].endswith("x")
    assert rows[1].endswith(".")
    assert "header-withheld" in audit.shown
    assert "cure: " in audit.shown


def test_unsafe_sends_the_rest_too_each_once(audit: Audit, hits: Hits) -> None:
    audit("--unsafe", "--exclude", "/report")
    assert sorted(hits.labels) == [
        "DELETE /items/{item}", "GET /feed", "GET /items", "GET /items/0", "GET /private", "POST /items",
    ]  # fmt: skip


def test_repeat_sends_each_so_often_and_keeps_one_row(audit: Audit, hits: Hits) -> None:
    _, document = audit("--repeat", "3", "--include", "GET /items")
    assert hits.labels == ["GET /items"] * 3
    assert [one["sent"] for one in document["operations"]] == [3]


def test_a_secret_header_reaches_the_server_and_no_report(audit: Audit, hits: Hits, tmp_path: Path) -> None:
    report = tmp_path / "junit.xml"
    words = ("--include", "/private", "--header", f"X-Api-Key: {KEY}", "--junit", str(report))
    code, document = audit(*words)
    assert code == 0
    assert by_label(document)["GET /private"]["wire"]["status"] == 200
    assert KEY not in audit.shown + report.read_text()


def test_the_rate_is_kept(audit: Audit, hits: Hits) -> None:
    audit("--rate", "4/s", "--include", "GET /items", "--repeat", "3", "-j", "8")
    assert hits.times[-1] - hits.times[0] >= 0.25


def test_a_baseline_fails_only_on_what_is_new(audit: Audit, hits: Hits, tmp_path: Path) -> None:
    file, report = tmp_path / "old.json", tmp_path / "junit.xml"
    words = ("--include", "/report", "--include", "GET /items", "--junit", str(report))
    code, document = audit(*words)
    assert code == 1
    assert [one.get("message") for one in ET.parse(report).iter("failure")]
    file.write_text(json.dumps(document))
    code, document = audit(*words, "--baseline", str(file))
    assert code == 0
    assert [one["new"] for one in document["operations"]] == [[], []]
    assert not list(ET.parse(report).iter("failure"))
    assert "nothing new since the baseline" in " ".join(audit.shown.split())
    known = [one for one in document["operations"] if one["path"] != "/report"]
    file.write_text(json.dumps({**document, "operations": known}))
    code, document = audit(*words, "--baseline", str(file))
    assert code == 1
    assert "header-withheld" in by_label(document)["GET /report"]["new"]
    assert "new since the baseline" in " ".join(audit.shown.split())


def test_junit_has_a_suite_for_the_edge_and_one_for_findings(
    audit: Audit, hits: Hits, tmp_path: Path
) -> None:
    report = tmp_path / "junit.xml"
    audit("--junit", str(report), "--exclude", "/private")
    root = ET.parse(report).getroot()
    edge, findings = list(root)
    assert findings.get("name") == "firstbyte.audit.findings"
    assert (edge.get("tests"), edge.get("failures"), edge.get("skipped")) == ("6", "1", "2")
    (failure,) = edge.iter("failure")
    assert "504 after 0.5s" in str(failure.get("message")) or "504 after 50" in str(failure.get("message"))
    assert "header-withheld: " in str(failure.text)


def test_the_users_folder_stays_as_it_was(
    audit: Audit, hits: Hits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.chdir(folder)
    audit("--include", "GET /items")
    assert list(folder.iterdir()) == []


def test_without_schemathesis_it_says_what_to_install(
    app: tuple[str, Hits], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "schemathesis", None)
    assert main(["audit", f"{app[0]}/openapi.json"]) == 3
    assert "pip install 'firstbyte[audit]'" in capsys.readouterr().err


def test_a_file_in_yaml_needs_only_to_know_the_server(
    app: tuple[str, Hits], hits: Hits, quick: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "api.yaml"
    file.write_text(
        "swagger: '2.0'\ninfo: {title: a, version: '1'}\npaths:\n"
        "  /feed: {get: {responses: {'200': {description: ok}}}}\n"
    )
    assert main(["audit", str(file), "--edge", quick, "--server", app[0]]) == 0
    assert hits.labels == ["GET /feed"]
    capsys.readouterr()
    assert main(["audit", str(file), "--edge", quick]) == 2
    assert "names no server; add --server http://host:port" in capsys.readouterr().err


def test_one_operation_that_makes_no_sense_does_not_stop_the_others(
    app: tuple[str, Hits], hits: Hits, quick: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ok: dict[str, Any] = {"responses": {"200": {"description": "ok"}}}
    broken = {
        **ok,
        "parameters": [{"name": "a", "in": "query", "required": True, "schema": {"$ref": "#/no"}}],
    }
    paths = {"/feed": {"get": ok}, "/bad": {"get": broken}}
    file = tmp_path / "api.json"
    document = {"openapi": "3.0.3", "info": {"title": "a", "version": "1"}, "paths": paths}
    file.write_text(json.dumps(document))
    assert main(["audit", str(file), "--edge", quick, "--server", app[0], "--json", "-"]) == 0
    found = by_label(json.loads(capsys.readouterr().out))
    assert hits.labels == ["GET /feed"]
    assert found["GET /bad"]["sent"] == 0
    assert found["GET /bad"]["problem"].startswith("not sent: no input for it: ")


HERE = ["--server", "http://127.0.0.1:9"]
API = '{"openapi": "3.0.3", "info": {"title": "a", "version": "1"}, "paths": {"/a": {"get": {}}}%s}'
BAD = [
    ("{}", [], "is no OpenAPI document: it has no key 'openapi' or 'swagger'"),
    ("[]", [], "is no OpenAPI document"),
    ("{a: [", [], "is neither JSON nor YAML: "),
    ("\0", [], "is neither JSON nor YAML: "),
    ("[" * 100_000, [], "is "),
    ('{"openapi": "3.0.3", "paths": {}}', [], "paths: is empty or missing"),
    ('{"openapi": "9", "paths": {"/a": {"get": {}}}}', HERE, "can't be used"),
    (API % "", [], "names no server; add --server"),
    (
        API % ', "servers": [{"url": "https://{region}.test"}]',
        [],
        "has variables; say which server",
    ),
    (API % ', "servers": 5', [], "names no server"),
    (API % "", ["--server", "localhost:80"], "--server: 'localhost:80' is no address to probe"),
    (API % "", [*HERE, "--include", "/b"], "--include '/b': no operation fits it"),
    (API % "", [*HERE, "--exclude", "/a"], "leave no operation"),
    (API % "", [*HERE, "--param", "a"], "--param 'a': is no value; write NAME=VALUE"),
    (API % "", [*HERE, "--header", "a"], "is no header; write 'Name: value'"),
    (API % "", [*HERE, "--edge", "ngnix"], "did you mean 'nginx'?"),
    (
        API % "",
        [*HERE, "--baseline", "no.json"],
        "--baseline no.json: can't be read",
    ),
    (API % "", ["--baseline", "FILE"], "is no document of an audit: "),
]


@pytest.mark.parametrize(("content", "words", "message"), BAD, ids=range(len(BAD)))
def test_bad_input_is_one_message_with_a_cure(
    content: str, words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "api.json"
    file.write_text(content)
    assert main(["audit", str(file), *(str(file) if word == "FILE" else word for word in words)]) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert "; " in shown.err
    assert "Traceback" not in shown.err
    assert shown.out == ""


@pytest.mark.parametrize("words", [["--rate", "5"], ["--rate", "0/s"], ["--repeat", "0"], ["-j", "x"]])
def test_an_option_that_makes_no_sense_is_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["audit", "api.json", *words])
    assert ended.value.code == 2


def test_a_server_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "http://127.0.0.1:9/doc"]) == 3
    assert "http://127.0.0.1:9/doc: no document came" in capsys.readouterr().err
    file = tmp_path / "api.json"
    file.write_text(API % "")
    assert main(["audit", str(file), "--server", "http://127.0.0.1:9"]) == 3
    assert "127.0.0.1:9: no connection" in capsys.readouterr().err


def test_secrets_do_not_follow_a_document_to_another_host(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = API % ', "servers": [{"url": "http://127.0.0.2:9"}]'
    answer = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    with playing(shape("doc", answer), tmp_path) as url:
        assert main(["audit", f"{url}/doc", "--header", f"X-Api-Key: {KEY}"]) == 2
    shown = capsys.readouterr().err
    assert "its servers[0].url is on another host, http://127.0.0.2:9; say which one to ask" in shown
    assert KEY not in shown


def test_what_answers_but_is_no_document_is_told(
    app: tuple[str, Hits], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", f"{app[0]}/items?limit=1"]) == 2
    assert "is no OpenAPI document" in capsys.readouterr().err
    assert main(["audit", f"{app[0]}/nowhere"]) == 2
    assert "answered 404 instead of a document" in capsys.readouterr().err
