"""Which edges a project runs behind: mark, option and `[tool.firstbyte]`, each in a run of pytest."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.users_pytest import run_pytest

TEST = """
import urllib.request
import pytest

@pytest.mark.firstbyte
def test_marked(edge, origin):
    print("behind", edge)
    urllib.request.urlopen(edge(origin(shape="204-bare").url).url)

def test_unmarked(edge):
    print("behind", edge)

class TestCase:
    @pytest.mark.firstbyte
    def test_in_a_class(self, edge, origin):
        print("behind", edge)
        urllib.request.urlopen(edge(origin(shape="204-bare").url).url)
"""


def run(folder: Path, *words: str, settings: str = "") -> subprocess.CompletedProcess[str]:
    """pytest in a project of its own."""
    (folder / "test_it.py").write_text(TEST)
    (folder / "pyproject.toml").write_text(f"[project]\nname = 'it'\nversion = '1'\n{settings}")
    return run_pytest(folder, "-v", "-rP", *words)


def names(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [
        line.split()[0].partition("::")[2]
        for line in done.stdout.splitlines()
        if "PASSED" in line and "::" in line
    ]


def test_a_marked_test_runs_behind_every_named_edge(tmp_path: Path) -> None:
    done = run(tmp_path, "--firstbyte-edge", "nginx", "--firstbyte-edge", "cloudflare,nginx")
    assert names(done) == [
        "test_marked[nginx]",
        "test_marked[cloudflare,nginx]",
        "test_unmarked",
        "TestCase::test_in_a_class[nginx]",
        "TestCase::test_in_a_class[cloudflare,nginx]",
    ], done.stdout
    assert "behind <EdgeFactory cloudflare,nginx>" in done.stdout


def test_the_projects_settings_are_the_default(tmp_path: Path) -> None:
    settings = "[tool.firstbyte]\nprofile = 'heroku'\nedges = ['envoy']\n"
    done = run(tmp_path, settings=settings)
    assert names(done) == ["test_marked[envoy]", "test_unmarked", "TestCase::test_in_a_class[envoy]"], (
        done.stdout
    )
    assert "behind <EdgeFactory heroku>" in done.stdout


@pytest.mark.parametrize(
    ("settings", "words", "said"),
    [
        (
            "[tool.firstbyte]\nedge = 'nginx'\n",
            (),
            "pyproject.toml: tool.firstbyte: unknown key 'edge'; did you mean",
        ),
        ("[tool.firstbyte]\nedges = ['ngnix']\n", (), "no edge 'ngnix'; did you mean 'nginx'?"),
        ("", ("--firstbyte-edge", "ngnix"), "no edge 'ngnix'; did you mean 'nginx'?"),
    ],
)
def test_what_is_wrong_is_told_once(tmp_path: Path, settings: str, words: tuple[str, ...], said: str) -> None:
    done = run(tmp_path, *words, settings=settings)
    assert done.returncode != 0
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_help_and_fixtures_explain_all(tmp_path: Path) -> None:
    said = run(tmp_path, "--help").stdout
    for option in ("--firstbyte-edge=NAME", "--firstbyte-fault=REQUEST:FAULT", "--firstbyte-seed=N"):
        assert option in said
    assert '@pytest.mark.firstbyte(faults="all", requests="*", truth=""' in run(tmp_path, "--markers").stdout
    fixtures = run(tmp_path, "--fixtures").stdout
    for name in ("edge", "origin", "ledger", "sim", "send_page", "assert_delivered_once"):
        assert f"\n{name} -- " in fixtures


def test_unused_the_plugin_loads_nothing_of_ours(tmp_path: Path) -> None:
    (tmp_path / "test_plain.py").write_text(
        "import sys\n\ndef test_plain():\n"
        "    ours = sorted(name for name in sys.modules if name.startswith('firstbyte.'))\n"
        "    assert ours == ['firstbyte.harness', 'firstbyte.harness.pytest_plugin']\n"
        "    assert 'mitmproxy' not in sys.modules and 'msgspec' not in sys.modules\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_plain.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


OWN = """
import harness, proxies, scenarios

def test_the_projects_own_fixture_and_packages(edge):
    assert edge == "the project's own"
    assert (harness.NAME, proxies.NAME, scenarios.NAME) == ("harness", "proxies", "scenarios")
"""


def test_a_project_with_the_same_names_is_not_broken(tmp_path: Path) -> None:
    for name in ("harness", "proxies", "scenarios"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"NAME = '{name}'\n")
    fixture = 'import pytest\n\n@pytest.fixture\ndef edge():\n    return "the project\'s own"\n'
    (tmp_path / "conftest.py").write_text(fixture)
    (tmp_path / "test_own.py").write_text(OWN)
    done = run_pytest(tmp_path, "-q", "test_own.py")
    assert done.returncode == 0, done.stdout
