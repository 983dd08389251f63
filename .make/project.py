"""Puts firstbyte itself into `.venv` in development form: links to the folders, metadata and the command.

The wheel maps folders to packages, and so must `.venv`: `firstbyte/harness` there is a link to `harness/`. An
editable install would do for Python alone; mypy follows only a folder that exists. Must be run by the Python
of `.venv`.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import sys
import sysconfig
import tempfile
import tomllib
from configparser import ConfigParser
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from setuptools import build_meta  # type: ignore[import-untyped]  # setuptools ships no types
from stamps import ROOT

SITE = Path(sysconfig.get_path("purelib"))
SCRIPTS = Path(sysconfig.get_path("scripts"))
PACKAGE = SITE / "firstbyte"

LAUNCHER = """#!{python}
import sys

from {module} import {function}

sys.exit({function}())
"""


def links(setup: dict[str, Any]) -> dict[str, Path]:
    """Name below `firstbyte/` -> what it stands for: the top package's files, and each folder."""
    folders = {name: ROOT / path for name, path in setup["package-dir"].items()}
    top = folders.pop("firstbyte")
    wanted = {path.name: path for path in top.iterdir() if path.is_file()}
    wanted |= {name.removeprefix("firstbyte."): path for name, path in folders.items()}
    return wanted


def lay_links(wanted: dict[str, Path]) -> None:
    """Makes `firstbyte/` hold these links and no others; a link that is right stays as it is."""
    PACKAGE.mkdir(exist_ok=True)
    for old in PACKAGE.iterdir():
        if old.is_symlink() and old.name not in wanted:
            old.unlink()
    for name, target in wanted.items():
        link, relative = PACKAGE / name, os.path.relpath(target, PACKAGE)
        if link.is_symlink() and os.readlink(link) == relative:
            continue
        fresh = PACKAGE / f".{name}.{os.getpid()}"
        fresh.symlink_to(relative)
        fresh.replace(link)


def drop_missing_plugin(metadata: Path) -> None:
    """Takes out a pytest plugin whose module is not there: it would break every pytest run in `.venv`."""
    path = metadata / "entry_points.txt"
    entries = ConfigParser(delimiters="=")
    entries.read(path)
    for name, module in list(entries["pytest11"].items()):
        if not Path(SITE, *module.split(".")).with_suffix(".py").exists():
            entries.remove_option("pytest11", name)
    with path.open("w") as out:
        entries.write(out)


def write_launchers(scripts: dict[str, str]) -> list[Path]:
    """The commands of [project.scripts]."""
    written = []
    for name, target in scripts.items():
        module, function = target.split(":")
        path = SCRIPTS / name
        path.write_text(LAUNCHER.format(python=sys.executable, module=module, function=function))
        path.chmod(0o755)
        written.append(path)
    return written


def record_line(path: Path) -> str:
    """One line of RECORD: path, hash, size (PEP 376 as amended by PEP 427)."""
    content = path.read_bytes()
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{os.path.relpath(path, SITE)},sha256={digest},{len(content)}\n"


def write_metadata() -> Path:
    """The `.dist-info` folder, as the wheel would have it; replaces any other."""
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory(dir=SITE) as scratch, redirect_stdout(StringIO()):
        made = Path(scratch, build_meta.prepare_metadata_for_build_wheel(scratch))
        drop_missing_plugin(made)
        (made / "INSTALLER").write_text("make\n")
        for old in SITE.glob("firstbyte-*.dist-info"):
            shutil.rmtree(old)
        return made.replace(SITE / made.name)


def main() -> None:
    """Replaces whatever form of firstbyte is installed by the links."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lay_links(links(project["tool"]["setuptools"]))
    metadata = write_metadata()
    written = [*write_launchers(project["project"]["scripts"]), *metadata.rglob("*")]
    record = metadata / "RECORD"
    lines = [record_line(path) for path in written if path.is_file() and path != record]
    record.write_text("".join(lines) + f"{os.path.relpath(record, SITE)},,\n")


if __name__ == "__main__":
    main()
