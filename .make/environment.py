"""Gets the pinned uv and, with it, a virtual environment that holds the packages and firstbyte itself.

Needs nothing but a Python 3.9 with either `venv` or `pip`. Never installs a file whose hash is not in
requirements/.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from machine import CACHE, ROOT, MachineLacks, fingerprint, finish, is_done, run, say, succeeds

UV_HOME = CACHE / "uv"
PINS = ROOT / "requirements"
OLDEST = "3.12"

NO_UV = """cannot install uv: no Python here has `venv` or `pip`.
  Debian or Ubuntu:  apt-get install python3-venv
  elsewhere:         use a Python that has pip, and run `make setup PYTHON=/path/to/python3`"""

NO_PYTHON = """no Python {version} here{others}.
  with uv:           {uv} python install {version}
  Debian or Ubuntu:  apt-get install python3 python3-venv   (Debian 13, Ubuntu 24.04 or newer)
  with pyenv:        pyenv install {version}
  then run `make setup` again"""


def uv() -> Path:
    """The pinned uv, installed into .cache/uv if it is not there yet."""
    stamp, key = UV_HOME / "stamp", fingerprint(PINS / "uv.txt")
    program = UV_HOME / "bin" / "uv"
    if is_done(stamp, key) and program.exists():
        return program
    say("getting uv, the installer (requirements/uv.txt)")
    names = ("python3", "python3.13", "python3.12", "python3.14", "python3.11")
    pythons = [sys.executable, *map(shutil.which, names), "/usr/bin/python3"]
    for python in dict.fromkeys(pythons):
        if python and _install_uv(python):
            finish(stamp, key)
            return program
    raise MachineLacks(NO_UV)


def _install_uv(python: str) -> bool:
    """In a virtual environment, or by this Python's own pip: Debian's python3-pip without python3-venv."""
    shutil.rmtree(UV_HOME, ignore_errors=True)
    install = ["-m", "pip", "install", "-qq", "--disable-pip-version-check", "--require-hashes"]
    install += ["-r", str(PINS / "uv.txt")]
    if succeeds([python, "-m", "venv", UV_HOME]):
        return run([UV_HOME / "bin" / "python", *install])
    return succeeds([python, "-m", "pip", "--version"]) and run([python, *install, "--target", UV_HOME])


def find_python(program: Path, version: str = "") -> str:
    """Path of a Python: of this version; without one that of .python-version, else any from 3.12 on."""
    versions = [version] if version else [(ROOT / ".python-version").read_text().strip(), f">={OLDEST}"]
    # pyenv's own shims, on PATH, run only the versions that are chosen for this folder.
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *map(str, pyenv.glob("versions/*/bin"))])
    # `--system` ignores a virtual environment that is about to be replaced.
    find: list[str | Path] = [program, "python", "find", "--system", "--no-python-downloads", "--no-project"]
    for each in versions:
        answer = subprocess.run(
            [*find, each],
            capture_output=True,
            text=True,
            cwd=CACHE,
            env={**os.environ, "PATH": path},
            check=False,
        )
        if answer.returncode == 0:
            return answer.stdout.strip()
    others = "" if version else f", nor any from {OLDEST} on"
    raise MachineLacks(NO_PYTHON.format(version=versions[0], others=others, uv=program.relative_to(ROOT)))


def set_up_environment(version: str) -> Path:
    """Python of `.venv`, or of `.venv-VERSION`, with the packages of requirements/dev.txt and firstbyte."""
    venv = ROOT / (f".venv-{version}" if version else ".venv")
    python = venv / "bin" / "python"
    packages, pins = venv / "packages.stamp", fingerprint(ROOT / ".python-version", PINS / "dev.txt")
    if not (python.exists() and is_done(packages, pins)):
        _install_packages(venv, version)
        finish(packages, pins)
    project, sources = (
        venv / "project.stamp",
        [ROOT / "pyproject.toml", *sorted((ROOT / ".package").iterdir())],
    )
    program = Path(__file__).with_name("project.py")
    key = fingerprint(program, *sources, *map(str, sources), str(venv))
    if not is_done(project, key):
        project.unlink(missing_ok=True)
        say(f"linking firstbyte into {venv.name}")
        if not run([python, program]):
            raise MachineLacks(f"firstbyte could not be put into {venv.name}; the message is above")
        finish(project, key)
    return python


def _install_packages(venv: Path, version: str) -> None:
    program, settings = uv(), venv / "pyvenv.cfg"
    found = find_python(program, version)
    python = venv / "bin" / "python"
    if not (python.exists() and f"home = {Path(found).parent}\n" in settings.read_text()):
        say(f"making {venv.name} with {found}")
        if not run([program, "venv", "--quiet", "--clear", "--no-project", "--python", found, venv]):
            raise MachineLacks(f"uv could not make {venv.name} with {found}; its message is above")
    # `sync` takes away what the list does not name, firstbyte included.
    for stamp in venv.glob("*.stamp"):
        stamp.unlink()
    say(f"installing the packages of requirements/dev.txt into {venv.name} (the first time takes a minute)")
    # On a terminal uv draws its progress; elsewhere it would only list every package.
    quiet = [] if sys.stderr.isatty() else ["--quiet"]
    if not run([program, "pip", "sync", *quiet, "--require-hashes", "--python", python, PINS / "dev.txt"]):
        raise MachineLacks("uv could not install the packages; its message is above")
