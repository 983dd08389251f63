"""The workflow that users paste runs: each of its firstbyte lines, in the order of its jobs."""

import itertools
import shlex
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from firstbyte.harness.cli import main
from tests.docs.pages import blocks_of

TITLE = "firstbyte-parts.yml"


def jobs(root: Path) -> dict[str, Any]:
    (text,) = [one.text for one in blocks_of(root / "docs" / "how-to" / "ci.md") if one.title == TITLE]
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
    found = jobs(root)
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
