"""Gets the npm packages of folders whose tests run on Node: the published client library, and an example.

A machine without Node is still set up: those tests say so.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from installer import run
from stamps import ROOT, begin, fingerprint, finish, is_done, say

FOLDERS = (ROOT / "tests" / "sdk", ROOT / "examples" / "playwright-node")
MISSING = """no Node: the tests that run on it are skipped (in CI they fail).
  Debian or Ubuntu:  apt-get install nodejs npm
  elsewhere:         install Node 20 or newer with npm
  then run `make setup` again"""

FAILED = """npm failed, its message is above: the tests of {folder} are skipped (in CI they fail).
  `make setup` tries again."""


def set_up_sdk() -> None:
    """`npm ci` in each folder that is here, with no package's own scripts run."""
    for folder in FOLDERS:
        if (folder / "package.json").is_file():
            _install(folder)


def _install(folder: Path) -> None:
    stamp = folder / "node_modules" / "firstbyte.stamp"
    key = fingerprint(folder / "package.json", folder / "package-lock.json")
    if is_done(stamp, key):
        return
    npm = shutil.which("npm")
    if not (npm and shutil.which("node")):
        say(MISSING)
        return
    begin(stamp)
    say(f"installing the packages of {folder.relative_to(ROOT)} with npm")
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    if run([npm, "ci", "--prefix", folder, *options]):
        say(FAILED.format(folder=folder.relative_to(ROOT)))
        return
    finish(stamp, key)
