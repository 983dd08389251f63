"""`make bench`'s program runs, and every figure it prints says how, beside what and against which goal."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def document() -> dict[str, object]:
    """What a quick run of one group prints as JSON."""
    command = [sys.executable, "benchmarks/run.py", "--quick", "--only", "simulation", "--json", "-"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded: dict[str, object] = json.loads(done.stdout)
    return loaded


def figures(document: dict[str, object]) -> list[dict[str, object]]:
    found = document["figures"]
    assert isinstance(found, list)
    return found


def test_machine_versions_and_command_are_part_of_the_output(document: dict[str, object]) -> None:
    machine = document["machine"]
    assert isinstance(machine, dict)
    assert {"processor", "cores", "python", "load", "versions"} <= set(machine)
    assert "--quick" in str(document["command"])


def test_every_figure_is_a_median_with_its_spread(document: dict[str, object]) -> None:
    for figure in figures(document):
        value = figure["value"]
        assert isinstance(value, dict)
        assert 0 <= value["low"] <= value["median"] <= value["high"], figure["id"]


def test_the_parts_of_a_play_add_up_to_it(document: dict[str, object]) -> None:
    shares = [figure["ratio"] for figure in figures(document) if str(figure["id"]).startswith("split.")]
    assert sum(share["median"] for share in shares if isinstance(share, dict)) == pytest.approx(1)


def test_a_group_that_does_not_exist_is_refused() -> None:
    command = [sys.executable, "benchmarks/run.py", "--only", "speed"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "invalid choice: 'speed'" in done.stderr
