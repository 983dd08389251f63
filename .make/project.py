"""Puts firstbyte itself into a virtual environment: links to the folders, the commands and the metadata.

The wheel maps folders to packages, and so must the environment: `firstbyte/harness` there is a link to
`harness/`. An editable install would do for Python alone; mypy follows only a folder that exists. Must be run
by the Python of the environment.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
import tomllib
from collections.abc import Mapping
from pathlib import Path

from machine import ROOT

SITE = Path(sysconfig.get_path("purelib"))
SCRIPTS = Path(sysconfig.get_path("scripts"))

LAUNCHER = """#!{python}
import sys

from {module} import {function}

sys.exit({function}())
"""


def lay_links(folders: Mapping[str, str]) -> None:
    """Make `firstbyte/` hold a link to each folder and to the top package's files, and nothing else."""
    package = SITE / "firstbyte"
    top = ROOT / folders["firstbyte"]
    links = {path.name: path for path in top.iterdir() if path.is_file()}
    links |= {
        name.removeprefix("firstbyte."): ROOT / path for name, path in folders.items() if name != "firstbyte"
    }
    package.mkdir(exist_ok=True)
    for old in package.iterdir():
        if old.is_symlink() and old.name not in links:
            old.unlink()
    for name, target in links.items():
        fresh = package / f".{name}.{os.getpid()}"
        fresh.symlink_to(os.path.relpath(target, package))
        fresh.replace(package / name)


def write_launchers(scripts: Mapping[str, str]) -> None:
    """Write the commands of [project.scripts]."""
    for name, target in scripts.items():
        module, function = target.split(":")
        path = SCRIPTS / name
        path.write_text(LAUNCHER.format(python=sys.executable, module=module, function=function))
        path.chmod(0o755)


def write_metadata(entry_points: Mapping[str, Mapping[str, str]], scripts: Mapping[str, str]) -> None:
    """Write the `.dist-info` folder by which pytest finds the plugin and uv what to take away."""
    from firstbyte import __version__  # noqa: PLC0415 - only now there are links to it

    for old in SITE.glob("firstbyte-*.dist-info"):
        shutil.rmtree(old)
    folder = SITE / f"firstbyte-{__version__}.dist-info"
    groups = {"console_scripts": scripts, **entry_points}
    texts = {
        "METADATA": f"Metadata-Version: 2.1\nName: firstbyte\nVersion: {__version__}\n",
        "INSTALLER": "make\n",
        "entry_points.txt": "".join(
            f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in names.items())
            for group, names in groups.items()
        ),
    }
    folder.mkdir()
    for name, text in texts.items():
        (folder / name).write_text(text)
    written = [*(folder / name for name in (*texts, "RECORD")), *(SCRIPTS / name for name in scripts)]
    (folder / "RECORD").write_text("".join(f"{os.path.relpath(path, SITE)},,\n" for path in written))


def main() -> None:
    """Replace whatever form of firstbyte is installed by the links."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = document["project"]
    lay_links(document["tool"]["setuptools"]["package-dir"])
    write_launchers(project["scripts"])
    write_metadata(project["entry-points"], project["scripts"])


if __name__ == "__main__":
    main()
