"""`make` from a clean copy: sets up once, has nothing to do the second time, says what a machine lacks."""

import importlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = (
    ".make",
    ".package",
    "harness",
    "proxies",
    "reference_server",
    "scenarios",
    "requirements",
    "tests/sdk",
)
FILES = ("pyproject.toml", "README.md", "LICENSE", "Makefile", ".python-version")
NEW = shutil.ignore_patterns("__pycache__", "node_modules")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory, chromium: Path, sdk: Path) -> Path:
    """A copy without .venv, on a machine with every tool; uv is there already, to save half of the time."""
    copy = tmp_path_factory.mktemp("make") / "clone"
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, copy / folder, ignore=NEW)
    for file in FILES:
        shutil.copy(ROOT / file, copy / file)
    shutil.copytree(ROOT / ".cache" / "uv", copy / ".cache" / "uv", symlinks=True)
    (copy / ".cache" / "chromium").write_text(str(chromium))
    return copy


@pytest.fixture(scope="module")
def said_by_both(clone: Path) -> str:
    """The output of two set-ups started at once."""
    return "".join([finish(process) for process in [start(clone, "setup"), start(clone, "setup")]])


def start(clone: Path, *words: str) -> subprocess.Popen[str]:
    # The make that runs these tests must not pass its flags on.
    environment = {
        key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    }
    return subprocess.Popen(
        ["make", *words],
        cwd=clone,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    output, _ = process.communicate(timeout=110)
    assert process.returncode == 0, output
    return output


@pytest.mark.slow
def test_two_set_ups_at_once_share_the_work(clone: Path, said_by_both: str) -> None:
    assert said_by_both.count("making .venv") == said_by_both.count("linking firstbyte") == 1, said_by_both
    python = str(clone / ".venv" / "bin" / "python")
    where = [python, "-c", "import firstbyte.harness as it; print(it.__file__)"]
    found = subprocess.run(where, cwd=clone.parent, capture_output=True, text=True, check=True).stdout
    assert Path(found.strip()).resolve() == clone / "harness" / "__init__.py"


@pytest.mark.slow
@pytest.mark.usefixtures("said_by_both")
def test_a_set_up_with_nothing_to_do_says_nothing(clone: Path) -> None:
    assert finish(start(clone, "setup")) == ""


@pytest.mark.slow
@pytest.mark.usefixtures("said_by_both")
def test_a_changed_project_file_is_taken_up_by_the_next_command(clone: Path) -> None:
    project = clone / "pyproject.toml"
    text = project.read_text()
    project.write_text(text.replace("[project.scripts]", '[project.scripts]\nother = "a.b:main"'))
    try:
        assert "linking firstbyte" in finish(start(clone, "setup"))
        assert (clone / ".venv" / "bin" / "other").exists()
    finally:
        project.write_text(text)
        finish(start(clone, "setup"))


@pytest.mark.parametrize(
    ("words", "lack", "version"),
    [
        ([], "no Python 3.13 here, nor any from 3.12 on", "3.13"),
        (["3.12"], "no Python 3.12 here.", "3.12"),
    ],
)
def test_a_machine_without_a_new_enough_python_is_told_how_to_get_one(
    tmp_path: Path, words: list[str], lack: str, version: str
) -> None:
    for folder in (".make", "requirements"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=NEW)
    shutil.copy(ROOT / ".python-version", tmp_path)
    uv = tmp_path / ".cache" / "uv"
    (uv / "bin").mkdir(parents=True)
    shutil.copy(ROOT / ".cache" / "uv" / "stamp", uv)
    (uv / "bin" / "uv").write_text("#!/bin/sh\nexit 2  # what `uv python find` says when it finds none\n")
    (uv / "bin" / "uv").chmod(0o755)
    command = [sys.executable, str(tmp_path / ".make" / "setup.py"), *words]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 3
    assert lack in done.stderr
    assert f".cache/uv/bin/uv python install {version}" in done.stderr


def test_another_version_of_python_has_an_environment_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_VERSION", "3.99")  # as images of Python have it: it asks for nothing
    assert ".venv-3.12/bin/$step" in planned("PYTHON_VERSION=3.12")
    assert ".venv/bin/$step" in planned()


def planned(*words: str) -> str:
    """What `make check` would do."""
    return finish(start(ROOT, "--dry-run", "check", *words))


def test_no_lock_file_names_an_address_to_install_from() -> None:
    npm = ("tests/sdk", "examples/playwright-node")
    locks = [*(ROOT / "requirements").iterdir(), *(ROOT / folder / "package-lock.json" for folder in npm)]
    found = [path.name for path in locks if re.search(r"[a-z]+://|\"resolved\"", path.read_text())]
    assert found == []


def test_every_pinned_package_has_a_hash() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        pinned = re.findall(r"^[A-Za-z0-9].*?(?=^[A-Za-z0-9]|\Z)", path.read_text(), re.MULTILINE | re.DOTALL)
        assert pinned
        assert [entry for entry in pinned if "--hash=sha256:" not in entry] == []


def test_every_command_is_listed_and_none_is_taken_for_a_file() -> None:
    text = (ROOT / "Makefile").read_text()
    phony = set(re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)[0].split())
    listed = set(re.findall(r"^([a-z-]+):[^#\n]*## ", text, re.MULTILINE))
    assert listed == phony
    assert {"setup", "reproduce", "test", "check", "bench"} <= listed


ROUNDS = """
import pytest
def test_fails(): assert False
def test_passes(): pass
@pytest.mark.programs
def test_of_programs(): pass
@pytest.mark.clock
def test_by_the_clock(): pytest.skip("no clock")
@pytest.mark.clock
@pytest.mark.busy
def test_beside_loops(): pass
@pytest.fixture
def broken(): raise OSError
@pytest.mark.busy
def test_that_cannot_be_set_up(broken): pass
@pytest.mark.soak
def test_that_takes_an_hour(): assert False
"""


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module of .make/rounds.py."""
    monkeypatch.syspath_prepend(ROOT / ".make")
    return importlib.import_module("rounds")


def test_every_round_is_played_whatever_fails_and_one_line_sums_them_up(
    rounds: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def without_workers(arguments: Sequence[str | Path]) -> int:
        assert arguments[0] == "-n"
        command = [sys.executable, "-m", "pytest", *arguments[2:]]
        return subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode

    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setattr(rounds, "played", without_workers)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_it.py").write_text(ROUNDS)
    marks = ("programs", "clock", "busy", "soak")
    (tmp_path / "pytest.ini").write_text(f"[pytest]\nmarkers =\n  {'\n  '.join(marks)}\n")
    assert rounds.main(["1", "-q"]) == 1
    first, second, last = capsys.readouterr().out.splitlines()
    assert first == "FAILED tests.test_it::test_fails"
    assert second == "FAILED tests.test_it::test_that_cannot_be_set_up"
    assert "1 failed, 3 passed, 1 skipped, 1 error in" in last


def test_a_round_that_was_interrupted_is_the_last(
    rounds: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = [1, 2, 0, 0]
    monkeypatch.setattr(rounds, "played", lambda _arguments: codes.pop(0))
    assert (rounds.main(["4"]), codes) == (2, [0, 0])
    codes[:] = [5, 0, 5, 5]
    assert rounds.main(["4"]) == 0
    codes[:] = [5, 5, 5, 5]
    assert rounds.main(["4"]) == 5
    assert "no tests ran" in capsys.readouterr().out


def test_a_round_of_a_mark_reads_only_the_files_that_spell_it_out(
    rounds: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert Path("tests/conformance/test_modes_agree.py") in set(rounds.files("busy", ["-q"]))
    assert Path("tests/test_style.py") not in set(rounds.files("busy", ["-q"]))
    assert list(rounds.files("", [])) == list(rounds.files("busy", ["tests/ui"])) == []
