"""The example projects pass their own tests, each run in its folder as its user runs it."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.users_pytest import run_pytest

pytestmark = [pytest.mark.real, pytest.mark.slow]

PROJECTS = {
    "fastapi_shop": 2,
    "fastapi_sqlalchemy": 2,
    "django_shop": 6,
    "django_orm": 3,
    "flask_shop": 4,
    "httpx_retries": 3,
}
"""How many tests each has."""


@pytest.mark.programs
@pytest.mark.parametrize("name", PROJECTS)
def test_its_own_tests_pass(name: str, root: Path) -> None:
    done = run_pytest(root / "examples" / name, "-q")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{PROJECTS[name]} passed" in done.stdout


@pytest.mark.parametrize("name", PROJECTS)
def test_what_it_needs_is_what_its_requirements_name(name: str, root: Path) -> None:
    lines = (root / "examples" / name / "requirements.txt").read_text().split()
    assert all(find_spec(line.partition(">=")[0]) for line in lines), lines


def test_every_project_is_tested_and_in_the_list(root: Path) -> None:
    folders = {path.name for path in (root / "examples").iterdir() if path.is_dir()}
    assert folders == {*PROJECTS, "playwright-node", "adk"}
    listed = (root / "examples" / "README.md").read_text()
    assert all(f"[{name}]({name})" in listed for name in folders)
