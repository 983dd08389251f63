"""The command line: exit codes, messages with a cure, JSON alone on stdout, and nothing loaded that is not
needed.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from firstbyte.harness.cli import COMMANDS, DELEGATED, main

HEAVY = ("mitmproxy", "starlette", "uvicorn", "playwright", "httpx")


def run_cli(*words: str, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "firstbyte.harness.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, timeout=60)


BAD = [
    (["run", "heroo"], "no scenario or suite 'heroo'; did you mean 'hero'"),
    (["run", "act-1", "--edge", "cloudflar"], "no edge 'cloudflar'; did you mean 'cloudflare'?"),
    (["run", "act-1", "--time-scale", "50"], "--time-scale: sim needs none"),
    (["run", "act-1", "--target", "nowhere"], "--target: there is no target 'nowhere'"),
    (["run", "--shard", "3/2"], "--shard: '3/2' is not I/N"),
    (["run", "missing.toml"], "can't be read: No such file"),
    (["show", "cloudfare"], "nothing is named 'cloudfare'; did you mean 'cloudflare'?"),
    (["explain", "partial-headr"], "did you mean 'partial-header'?"),
    (["check", "nowhere"], "nowhere: there is no such file or folder"),
]


@pytest.mark.parametrize(("words", "message"), BAD, ids=[" ".join(words) for words, _ in BAD])
def test_bad_input_is_one_message_with_a_cure_and_exit_code_2(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert "Traceback" not in shown.err
    assert shown.out == ""


def test_argparse_errors_have_the_same_exit_code() -> None:
    for words in (["run", "--time-scale", "0"], ["nonsense"], ["list", "nonsense"]):
        assert run_cli(*words).returncode == 2


@pytest.mark.parametrize(
    ("words", "heavy"),
    [
        (["--help"], (*HEAVY, "asyncio", "msgspec")),
        (["list", "scenarios"], HEAVY),
        (["list", "edges"], HEAVY),
        (["list", "handlers"], HEAVY),
        (["check"], HEAVY),
    ],
    ids=str,
)
def test_light_commands_load_nothing_heavy(words: list[str], heavy: tuple[str, ...]) -> None:
    script = (
        "import sys\nfrom firstbyte.harness.cli import main\n"
        f"try:\n    main({words!r})\nexcept SystemExit:\n    pass\n"
        f"sys.stderr.write(','.join(name for name in {heavy!r} if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_a_reader_that_stops_reading_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "firstbyte.harness.cli", "list", "scenarios"]
    try:
        done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_command_explains_itself() -> None:
    for name in COMMANDS:
        done = run_cli(name, "--help")
        assert done.returncode == 0, name
        assert "usage: firstbyte" in done.stdout


def test_json_on_stdout_is_alone() -> None:
    done = run_cli("run", "act-1", "--json", "-")
    document = json.loads(done.stdout)
    assert (document["schema"], done.returncode) == (1, 0)
    record = document["runs"][0]
    assert (record["scenario"], record["edge"], record["verdict"]) == (
        "act-1",
        "cloudflare-100",
        "phantom-failure",
    )
    assert record["client"]["status"] == 524
    assert record["client"]["header_s"] == 100.0
    assert record["fired"] == [{"request": 1, "hop": 0, "timer": "proxy-read", "at_s": 100.0}]
    assert "act-1[cloudflare-100]" in done.stderr


def test_the_document_has_every_field_scripts_depend_on() -> None:
    record = json.loads(run_cli("run", "act-3", "--json", "-").stdout)["runs"][0]
    assert {
        *(
            "scenario",
            "edge",
            "target",
            "handler",
            "server_handler",
            "mode",
            "time_scale",
            "seed",
            "outcome",
            "verdict",
        ),
        *(
            "belief",
            "effects",
            "model_calls",
            "requests",
            "client",
            "fired",
            "ledger",
            "findings",
            "timeline",
            "digest",
        ),
    } <= record.keys()
    assert set(record["client"]) == {
        *("id", "method", "path", "status", "first_byte_s", "header_s", "end_s", "end", "belief")
    }


def test_a_failing_subject_is_exit_code_1_and_no_error() -> None:
    done = run_cli("run", "act-1", "--edge", "heroku")
    assert done.returncode == 1
    assert "phantom-failure" in done.stdout


def test_junit_is_written(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    assert run_cli("run", "act-1", "--junit", str(path)).returncode == 0
    assert 'value="phantom-failure"' in path.read_text()


@pytest.mark.parametrize("what", ["scenarios", "edges", "shapes", "handlers", "targets", "findings"])
def test_lists_are_lines_and_json(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", what]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert main(["list", what, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(lines) == len(rows) > 0
    assert all(row["id"] and row["summary"] for row in rows)


def test_a_profile_is_shown_with_its_sources(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "cloudflare-100"]) == 0
    shown = capsys.readouterr().out
    assert "proxy-read: 100s" in shown
    assert "developers.cloudflare.com" in shown


def test_delegated_commands_have_their_own_parsers() -> None:
    assert set(DELEGATED) <= set(COMMANDS)


CONTRADICTIONS = [
    (
        'starts_on = "request-sent"\nstops_on = ["request-sent"]',
        "starts and stops on 'request-sent', so it never runs",
    ),
    ('starts_on = "header-completed"\nstops_on = ["first-byte-read"]', "after it has stopped"),
    ('starts_on = "request-sent"\nstops_on = ["never"]\nlimit = "0s"', "must be more than nothing"),
    ('starts_on = "request-sent"\nstops_on = ["never"]\nanswer = "gone"', "there is no answers.gone"),
]


@pytest.mark.parametrize(("timer", "message"), CONTRADICTIONS, ids=[message for _, message in CONTRADICTIONS])
def test_a_profile_that_contradicts_itself_is_refused(timer: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        f'id = "mine"\ntitle = "Mine"\n[answers.timeout]\nstatus = 504\n[[timers]]\nname = "read"\n{timer}\n'
    )
    done = run_cli("check", str(path))
    assert done.returncode == 2
    assert message in done.stderr
