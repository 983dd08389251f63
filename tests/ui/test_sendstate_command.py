"""`firstbyte sendstate` as a user has it: table, JSON, exit code, files for a failure, errors that help."""

import json
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from firstbyte.harness import redact
from firstbyte.harness.cli import main
from firstbyte.harness.files.json_path import select
from firstbyte.harness.problems import BadInput
from firstbyte.harness.sendstate.adapter import load_adapter

PAGES = Path("reference_server", "ui")


def sendstate(*arguments: str | Path, chromium: str = "") -> subprocess.CompletedProcess[str]:
    """The command, run."""
    command = [sys.executable, "-m", "firstbyte.harness.cli", "sendstate", *map(str, arguments)]
    environment = {"PATH": "", "FIRSTBYTE_CHROMIUM": chromium, redact.VARIABLE: "x-tenant,account"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.mark.real
@pytest.mark.slow
def test_a_broken_rule_gives_exit_1_and_leaves_picture_trace_and_timeline(
    origin: str, root: Path, chromium: Path, tmp_path: Path
) -> None:
    rules = ("--rule", "retry-reuses-id", "--rule", "double-enter-sends-once")
    adapter = root / PAGES / "naive.toml"
    options = ("--adapter", adapter, "--json", "-", "--artefacts", tmp_path, *rules)
    done = sendstate(origin, *options, chromium=str(chromium))
    assert done.returncode == 1, done.stderr
    document = json.loads(done.stdout)
    assert (document["schema"], document["adapter"]) == (1, "naive")
    failed, passed = document["rules"]
    assert (failed["id"], failed["level"], failed["result"]) == ("retry-reuses-id", "must", "fail")
    assert (passed["id"], passed["result"]) == ("double-enter-sends-once", "pass")
    assert passed["artefacts"] == [str(tmp_path / "double-enter-sends-once" / "page.png")]
    picture, trace, timeline = map(Path, failed["artefacts"])
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert zipfile.is_zipfile(trace)
    told = timeline.read_text()
    assert "Failed to send prompt" in told
    assert "timer-fired" in told
    assert "page  POST /session/" in told
    assert "/prompt_async: 524" in told
    assert "page  announces 'Failed to send prompt: Request failed'" in told
    assert "FAIL  retry-reuses-id" in done.stderr


def test_a_missing_browser_is_named_with_the_command_that_installs_it(root: Path) -> None:
    done = sendstate(
        "http://127.0.0.1:9", "--adapter", root / PAGES / "robust.toml", chromium="/nowhere/chromium"
    )
    assert done.returncode == 3
    assert "playwright install chromium" in done.stderr


@pytest.mark.real
@pytest.mark.slow
def test_a_page_that_does_not_come_is_said_once_and_is_no_broken_rule(
    root: Path, chromium: Path, tmp_path: Path
) -> None:
    adapter = tmp_path / "robust.toml"
    adapter.write_text('opening = "2s"\n' + (root / PAGES / "robust.toml").read_text())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = sendstate(url, "--adapter", adapter, "--artefacts", tmp_path / "a", chromium=str(chromium))
    assert done.returncode == 3, done.stdout
    assert "/ui/robust/ does not come; see whether the server answers, and 'opening' (2s)" in done.stderr
    assert sorted(path.name for path in (tmp_path / "a").rglob("*.*")) == [
        "page.png",
        "timeline.txt",
        "trace.zip",
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("version = 1", "version = 2", "version: 2 is not known"),
        ("[composer]", "[composr]", "unknown key 'composr'; did you mean 'composer'?"),
        ('role = "info.role"', 'role = "info..role"', "truth.role: 'info..role' is no path"),
        ("session=([^&#]+)", "session=[^&#]+", "session: needs one group"),
        ('"(?i)not sent', '"(not sent', "failure.text"),
        ('button = "[data-testid=send]"', 'key = ""', "send: has neither 'key' nor 'button'"),
    ],
)
def test_a_wrong_adapter_is_told_by_file_key_and_cure(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, message: str
) -> None:
    text = (root / PAGES / "robust.toml").read_text()
    assert old in text
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(text.replace(old, new))
    with pytest.raises(BadInput) as caught:
        load_adapter(wrong)
    assert str(wrong) in str(caught.value)
    assert message in str(caught.value)
    assert main(["check", str(wrong)]) == 2
    assert message in capsys.readouterr().err


def test_an_unknown_rule_is_told_with_the_nearest_one(root: Path) -> None:
    adapter = root / PAGES / "robust.toml"
    done = sendstate("http://127.0.0.1:9", "--adapter", adapter, "--rule", "retry-reuse-id")
    assert (done.returncode, "did you mean 'retry-reuses-id'?" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("[*].a", [1, 2]),
        ("$[1].a", [2]),
        ("[*].b[*].c", ["x", "y"]),
        ("[7].a", []),
        ("[*].missing", []),
        ("", [[{"a": 1, "b": [{"c": "x"}, {"c": "y"}]}, {"a": 2}]]),
    ],
)
def test_a_path_leads_to_what_is_there(path: str, found: list[object]) -> None:
    assert select([{"a": 1, "b": [{"c": "x"}, {"c": "y"}]}, {"a": 2}], path) == found
