"""Gets the pinned uv and, with it, the Python and the packages of `.venv`.

Needs nothing but a Python 3.9 with either `venv` or `pip`. Never installs a file whose hash is not in
requirements/.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from stamps import CACHE, PYTHON, ROOT, VENV, MachineLacks, begin, fingerprint, finish, is_done, say

UV_HOME = CACHE / "uv"
UV_PINS = ROOT / "requirements" / "uv.txt"
PACKAGE_PINS = ROOT / "requirements" / "dev.txt"
PYTHON_VERSION = ROOT / ".python-version"
OLDEST = "3.12"

NO_UV = """cannot install uv: no Python here has `venv` or `pip`.
  Debian or Ubuntu:  apt-get install python3-venv
  elsewhere:         use a Python that has pip, and run `make setup PYTHON=/path/to/python3`"""

NO_PYTHON = """no Python {wanted} here, nor any from {oldest} on.
  with uv:           {uv} python install {wanted}
  Debian or Ubuntu:  apt-get install python3 python3-venv   (Debian 13, Ubuntu 24.04 or newer)
  with pyenv:        pyenv install {wanted}
  then run `make setup` again"""


def run(command: list[str | Path]) -> int:
    """Runs a command here with its output on our stderr and no standard input; returns its exit status."""
    words = [str(word) for word in command]
    return subprocess.run(
        words, stdin=subprocess.DEVNULL, stdout=sys.stderr, cwd=ROOT, check=False
    ).returncode


def candidates() -> list[str]:
    """Pythons that might have `venv` or `pip`: the one that runs this first."""
    names = ("python3", "python3.13", "python3.12", "python3.14", "python3.11")
    found = [sys.executable, *(shutil.which(name) for name in names), "/usr/bin/python3"]
    return list(dict.fromkeys(path for path in found if path and Path(path).exists()))


def try_venv(python: str) -> Path | None:
    """uv in a private virtual environment; None if this Python cannot make one."""
    shutil.rmtree(UV_HOME, ignore_errors=True)
    made = subprocess.run([python, "-m", "venv", str(UV_HOME)], capture_output=True, check=False)
    if made.returncode:
        return None
    pip: list[str | Path] = [UV_HOME / "bin" / "python", "-m", "pip", "install", "-qq"]
    failed = run([*pip, "--disable-pip-version-check", "--require-hashes", "-r", UV_PINS])
    return None if failed else UV_HOME / "bin" / "uv"


def try_pip(python: str) -> Path | None:
    """uv by a pip outside any virtual environment: Debian's python3-pip without python3-venv."""
    shutil.rmtree(UV_HOME, ignore_errors=True)
    if subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode:
        return None
    pip: list[str | Path] = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    failed = run([*pip, "--require-hashes", "--target", UV_HOME, "-r", UV_PINS])
    return None if failed else UV_HOME / "bin" / "uv"


def uv() -> Path:
    """The pinned uv, installed into .cache/uv if it is not there yet."""
    stamp, key = UV_HOME / "stamp", fingerprint(UV_PINS)
    program = UV_HOME / "bin" / "uv"
    if is_done(stamp, key) and program.exists():
        return program
    say("getting uv, the installer (requirements/uv.txt)")
    for attempt in (try_venv, try_pip):
        for python in candidates():
            found = attempt(python)
            if found and found.exists():
                finish(stamp, key)
                return found
    raise MachineLacks(NO_UV)


def search_path() -> str:
    """PATH, then every Python of pyenv, whose own shims run only the versions chosen for this folder."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    return os.pathsep.join(
        [os.environ.get("PATH", os.defpath), *map(str, sorted(pyenv.glob("versions/*/bin")))]
    )


def find_python(program: Path) -> str:
    """Path of the Python for `.venv`: the version of .python-version, else any from 3.12 on."""
    wanted = PYTHON_VERSION.read_text().strip()
    environment = {**os.environ, "PATH": search_path()}
    # `--system` looks past a .venv that is there already, and is about to be replaced.
    find = [str(program), "python", "find", "--system", "--no-python-downloads", "--no-project"]
    for version in (wanted, f">={OLDEST}"):
        found = subprocess.run(
            [*find, version], capture_output=True, text=True, cwd=CACHE, env=environment, check=False
        )
        if found.returncode == 0:
            return found.stdout.strip()
    raise MachineLacks(NO_PYTHON.format(wanted=wanted, oldest=OLDEST, uv=program.relative_to(ROOT)))


def set_up_packages() -> None:
    """`.venv` with exactly the packages of requirements/dev.txt."""
    made, installed = VENV / "made.stamp", VENV / "packages.stamp"
    made_key, installed_key = fingerprint(PYTHON_VERSION), fingerprint(PACKAGE_PINS)
    if PYTHON.exists() and is_done(made, made_key) and is_done(installed, installed_key):
        return
    program = uv()
    if not (PYTHON.exists() and is_done(made, made_key)):
        python = find_python(program)
        say(f"making .venv with {python}")
        if run([program, "venv", "--quiet", "--clear", "--no-project", "--python", python, VENV]):
            raise MachineLacks(f"uv could not make .venv with {python}; its message is above")
        finish(made, made_key)
    begin(installed)
    # `sync` takes away what the list does not name, the development form of firstbyte included.
    begin(VENV / "project.stamp")
    say("installing the packages of requirements/dev.txt into .venv (the first time takes a minute)")
    # On a terminal uv draws its progress; elsewhere it would only list every package.
    quiet = [] if sys.stderr.isatty() else ["--quiet"]
    if run([program, "pip", "sync", *quiet, "--require-hashes", "--python", PYTHON, PACKAGE_PINS]):
        raise MachineLacks("uv could not install the packages; its message is above")
    finish(installed, installed_key)
