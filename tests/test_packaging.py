"""The wheel a user installs: it holds what the folders hold, and works where the repository is not."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import firstbyte
from firstbyte.harness.cli import NO_EDGE

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = {
    "firstbyte": ".package",
    "firstbyte.harness": "harness",
    "firstbyte.proxies": "proxies",
    "firstbyte.reference_server": "reference_server",
    "firstbyte.scenarios": "scenarios",
}
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
# The pytest plugin is for who has pytest; everything else must do with what the wheel asks for.
# mitmproxy's addon machinery, which `firstbyte edge --addon` alone loads, uses old names of pyparsing.
NEEDS_PYTEST = ("__main__", "pytest_plugin", "send_page", "enumeration", "item_report", "scenario_item")
IMPORT_ALL = f"""
import importlib, pkgutil, warnings, firstbyte
with warnings.catch_warnings(action="ignore"):
    importlib.import_module("firstbyte.proxies.program.addons")
for module in pkgutil.walk_packages(firstbyte.__path__, "firstbyte."):
    if module.name.rpartition(".")[2] not in {NEEDS_PYTEST!r}:
        importlib.import_module(module.name)
"""


def run(*command: str | Path, cwd: Path) -> str:
    """Standard output of a command that must succeed, run without a trace of this repository's Python."""
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL"))
    }
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command[0]} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def files_below(folder: Path) -> set[Path]:
    """What belongs to the package: every file but compiled ones."""
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder) for path in found}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a wheel is built from, so that no build leaves files in the repository."""
    copy = tmp_path_factory.mktemp("tree")
    for folder in FOLDERS.values():
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def wheel(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-c", BUILD, folder, cwd=tree)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder far from the repository with a fresh environment in `venv` that holds the wheel."""
    folder = tmp_path_factory.mktemp("elsewhere")
    uv = ROOT / ".cache" / "uv" / "bin" / "uv"
    python = folder / "venv" / "bin" / "python"
    run(uv, "venv", "--quiet", "--no-project", "--python", sys.executable, folder / "venv", cwd=folder)
    pins = ROOT / "requirements" / "runtime.txt"
    install = (uv, "pip", "install", "--quiet", "--python", python)
    run(*install, "--require-hashes", "-r", pins, cwd=folder)
    run(*install, "--no-deps", "--offline", wheel, cwd=folder)
    return folder


def test_every_folder_with_modules_is_a_listed_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    found = set()
    for package, folder in FOLDERS.items():
        modules = (path for path in files_below(ROOT / folder) if path.suffix == ".py")
        found |= {".".join((package, *module.parent.parts)) for module in modules}
    listed = project["tool"]["setuptools"]["packages"]
    assert sorted(found) == sorted(listed), "[tool.setuptools] packages in pyproject.toml"


def test_the_wheel_holds_every_file_of_the_folders_and_no_other(wheel: Path, tree: Path) -> None:
    expected = {
        (Path(*package.split(".")) / file).as_posix()
        for package, folder in FOLDERS.items()
        for file in files_below(tree / folder)
    }
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert sorted(held) == sorted(expected), (
        "is a kind of data file missing in [tool.setuptools.package-data]?"
    )


def test_the_development_form_links_the_same_folders() -> None:
    [linked] = firstbyte.__path__
    for package, folder in FOLDERS.items():
        if package != "firstbyte":
            assert Path(linked, *package.split(".")[1:]).resolve() == ROOT / folder


@pytest.mark.slow
def test_the_installed_command_works_without_the_repository(elsewhere: Path) -> None:
    assert "reproduce" in run(elsewhere / "venv" / "bin" / "firstbyte", "--help", cwd=elsewhere)


@pytest.mark.slow
def test_the_installed_data_is_the_repositorys(elsewhere: Path) -> None:
    installed = run(elsewhere / "venv" / "bin" / "firstbyte", "list", "edges", cwd=elsewhere)
    assert installed == run(Path(sys.executable).with_name("firstbyte"), "list", "edges", cwd=elsewhere)


@pytest.mark.slow
def test_every_module_imports_with_the_declared_dependencies_alone(elsewhere: Path) -> None:
    run(elsewhere / "venv" / "bin" / "python", "-W", "error", "-c", IMPORT_ALL, cwd=elsewhere)


@pytest.mark.slow
def test_the_package_is_typed_for_its_users(elsewhere: Path) -> None:
    site = run(
        elsewhere / "venv" / "bin" / "python",
        "-c",
        "import firstbyte; print(firstbyte.__file__)",
        cwd=elsewhere,
    )
    assert Path(site.strip()).with_name("py.typed").exists()


CLASH = "tornado==6.4.2"
"""A pin that mitmproxy's own pins can't live with: it asks for 6.5 or newer."""
USERS_TEST = """
import http.server, importlib.util, threading, urllib.error, urllib.request
import pytest

class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()

def test_there_is_no_mitmproxy():
    assert importlib.util.find_spec("mitmproxy") is None

def test_the_edge_is_that_of_a_tool(edge):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    front = edge(f"http://127.0.0.1:{server.server_port}")
    front.expire()
    with pytest.raises(urllib.error.HTTPError, match="524"):
        urllib.request.urlopen(front.url)
    assert urllib.request.urlopen(front.url).status == 204
    server.shutdown()

def test_what_needs_all_of_it_says_so(request):
    with pytest.raises(Exception, match="sim: needs mitmproxy in this environment"):
        request.getfixturevalue("sim")
"""


@pytest.fixture(scope="module")
def project(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's project whose own pins clash with mitmproxy's: it has the base install and pytest."""
    folder = tmp_path_factory.mktemp("project")
    uv = ROOT / ".cache" / "uv" / "bin" / "uv"
    python = folder / "venv" / "bin" / "python"
    run(uv, "venv", "--quiet", "--no-project", "--python", sys.executable, folder / "venv", cwd=folder)
    names = ("pytest", "httpx", "h11", "msgspec", "rich", "starlette", "tomli", "uvicorn")
    pins = re.findall(r"^([\w-]+)(==[^ ;]+)", (ROOT / "requirements" / "dev.txt").read_text(), re.MULTILINE)
    wanted = [f"{name}{version}" for name, version in pins if name in names]
    run(uv, "pip", "install", "--quiet", "--python", python, CLASH, *wanted, wheel, cwd=folder)
    (folder / "test_it.py").write_text(USERS_TEST)
    return folder


@pytest.mark.slow
@pytest.mark.real
def test_a_project_whose_pins_clash_with_mitmproxys_uses_the_edge_of_a_tool(project: Path) -> None:
    tool = Path(sys.executable).with_name("firstbyte")
    python = project / "venv" / "bin" / "python"
    said = run("env", f"FIRSTBYTE_BIN={tool}", python, "-m", "pytest", "-q", cwd=project)
    assert "3 passed" in said


@pytest.mark.slow
def test_without_mitmproxy_data_commands_work_and_the_others_name_the_cure(project: Path) -> None:
    command = project / "venv" / "bin" / "firstbyte"
    assert "complaints" in run(command, "check", cwd=project)
    for words in (["run", "act-1"], ["edge", "--upstream", "http://127.0.0.1:9", "--profile", "nginx"]):
        done = subprocess.run([command, *words], cwd=project, capture_output=True, text=True, check=False)
        assert done.returncode == 3, done.stderr
        assert done.stderr.splitlines()[-1] == f"firstbyte: {NO_EDGE}"
