"""The workflows that users paste run: each of their firstbyte lines, in the order of the jobs."""

import itertools
import shlex
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from firstbyte.harness.cli import main
from tests.docs.pages import blocks_of
from tests.docs.shell import typed


def jobs(root: Path, title: str) -> dict[str, Any]:
    (text,) = [one.text for one in blocks_of(root / "docs" / "how-to" / "ci.md") if one.title == title]
    found: dict[str, Any] = YAML(typ="safe").load(text)["jobs"]
    return found


def lines(job: dict[str, Any], values: dict[str, Any]) -> list[list[str]]:
    """What a job types to firstbyte, with the matrix' values in."""
    found = []
    for step in job["steps"]:
        line = step.get("run", "")
        for key, value in values.items():
            line = line.replace("${{ matrix." + key + " }}", str(value))
        if line.startswith("firstbyte "):
            found.append(shlex.split(line)[1:])
    return found


@pytest.mark.programs
def test_every_line_of_the_workflow_runs(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    found = jobs(root, "firstbyte-parts.yml")
    matrix = found["part"]["strategy"]["matrix"]
    typed = 0
    for values in itertools.product(*matrix.values()):
        for words in lines(found["part"], dict(zip(matrix, values, strict=True))):
            assert main(words) == 0, capsys.readouterr().err
            typed += 1
    for words in lines(found["whole"], {}):
        assert main(words) == 0, capsys.readouterr().err
        typed += 1
    assert typed == 3
    assert (tmp_path / "whole.json").exists()


@pytest.mark.programs
def test_the_short_workflow_runs(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    how_to = root / "docs" / "how-to" / "write-a-scenario.md"
    (mine,) = [one.text for one in blocks_of(how_to) if one.title == "mine.toml"]
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "mine.toml").write_text(mine, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    steps = [step.get("run", "") for step in jobs(root, "firstbyte.yml")["firstbyte"]["steps"]]
    run, diff = [line for line in steps if line.startswith("firstbyte ")]
    assert main(shlex.split(run)[1:]) == 0
    (tmp_path / "baseline.json").write_bytes((tmp_path / "results.json").read_bytes())
    code, said = typed(diff, tmp_path, GITHUB_STEP_SUMMARY=str(tmp_path / "summary.md"))
    assert code == 0, said
    assert "firstbyte" in (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert (tmp_path / "junit.xml").exists()
    assert (tmp_path / "report" / "index.html").exists()
