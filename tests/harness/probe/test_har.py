"""A HAR file: what it can tell is predicted, what it can't is unknown, and a broken one gets a message."""

import json
from pathlib import Path
from typing import Any

import pytest

from firstbyte.harness.cli import main


def entry(**changes: Any) -> dict[str, Any]:
    """As browsers write it: with keys nobody needs and -1 for what does not apply."""
    made: dict[str, Any] = {
        "startedDateTime": "2026-11-22T00:00:00Z",
        "time": 12.0,
        "request": {
            "method": "GET",
            "url": "https://app.test/x?token=secret-secret",
            "httpVersion": "h2",
            "headers": [{"name": ":authority", "value": "app.test"}],
            "headersSize": -1,
            "bodySize": 0,
        },
        "response": {
            "status": 200,
            "statusText": "",
            "headers": [
                {"name": "content-type", "value": "text/plain"},
                {"name": "content-encoding", "value": "br"},
            ],
            "content": {"size": 5_000, "mimeType": "text/plain"},
            "bodySize": -1,
        },
        "timings": {"blocked": 1, "dns": -1, "connect": 2, "ssl": 1, "send": 0.1, "wait": 10, "receive": 2},
    }
    for key, value in changes.items():
        made[key] = {**made[key], **value}
    return made


def har(folder: Path, *entries: dict[str, Any]) -> str:
    file = folder / "a.har"
    file.write_text(json.dumps({"log": {"version": "1.2", "creator": {}, "entries": entries}}))
    return str(file)


def read(path: str, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    main(["probe", "--har", path, "--edge", "nginx", "--edge", "heroku", "--edge", "haproxy", "--json", "-"])
    shown = capsys.readouterr()
    assert "secret-secret" not in shown.out + shown.err
    found: list[dict[str, Any]] = json.loads(shown.out)["entries"]
    return found


def test_every_entry_is_predicted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    quick, slow = read(har(tmp_path, entry(), entry(timings={"wait": 31_000})), capsys)
    assert {one["outcome"] for one in quick["edges"].values()} == {"passes"}
    assert slow["edges"]["heroku"]["outcome"] == "cut"
    assert slow["edges"]["heroku"]["status"] == 503
    assert slow["edges"]["nginx"]["outcome"] == "passes"
    assert slow["edges"]["nginx"]["margin_s"] == pytest.approx(29.0, abs=0.1)
    assert slow["findings"] == ["header-withheld"]


def test_a_long_body_is_unknown_where_its_gaps_decide(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (found,) = read(har(tmp_path, entry(timings={"receive": 90_000})), capsys)
    assert found["edges"]["nginx"]["outcome"] == "unknown"
    assert "a HAR does not say when the bytes of a body came" in found["edges"]["nginx"]["otherwise"]


def test_an_aborted_request_says_only_what_its_time_shows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (found,) = read(har(tmp_path, entry(response={"status": 0}, timings={"wait": 40_000})), capsys)
    assert found["edges"]["heroku"]["outcome"] == "cut"
    assert found["edges"]["nginx"]["outcome"] == "unknown"


def test_a_request_with_data_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = entry(request={"postData": {"mimeType": "application/json", "text": "{}"}, "method": "POST"})
    (found,) = read(har(tmp_path, whole), capsys)
    assert found["method"] == "POST"


BAD = [
    ("no json", "is no JSON: ", "export it again"),
    ("{}", "is no HAR 1.2 file: ", "`log`"),
    ('{"log": {"entries": []}}', "log.entries: is empty", "record at least one request"),
    ('{"log": {"entries": [{}]}}', "$.log.entries[0]", "export it again"),
    ('{"log": {"entries": 5}}', "$.log.entries", "export it again"),
    (
        json.dumps({"log": {"entries": [entry(timings={"wait": "x"})]}}),
        "$.log.entries[0].timings.wait",
        "HAR",
    ),
    (
        json.dumps({"log": {"entries": [entry(timings={"wait": -1})]}}),
        "log.entries[0]: timings.wait: -1",
        "leave",
    ),
    (
        json.dumps({"log": {"entries": [entry(request={"method": "A B"})]}}),
        "log.entries[0]: 'A B'",
        "write GET",
    ),
    ("[" * 100_000, "--har", "export it again"),
]


@pytest.mark.parametrize(("content", "place", "cure"), BAD)
def test_a_broken_file_says_where_and_what_to_do(
    content: str, place: str, cure: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bad.har"
    file.write_text(content)
    assert main(["probe", "--har", str(file)]) == 2
    shown = capsys.readouterr().err
    assert place in shown
    assert cure in shown
    assert shown.startswith("firstbyte: --har")


def test_odd_headers_of_a_har_do_no_harm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = [
        {"name": "a b", "value": "x"},
        {"name": "x", "value": "a\r\nb: c"},
        {"name": "content-length", "value": "zz"},
    ]
    (found,) = read(har(tmp_path, entry(response={"headers": odd})), capsys)
    assert {one["outcome"] for one in found["edges"].values()} == {"passes"}
