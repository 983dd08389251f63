"""Gets what runs on Node and Bun: the published client library, an example, and the Hono targets.

A machine without Node is still set up: the tests that need it say so.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from machine import CACHE, ROOT, fingerprint, finish, is_done, run, say

FOLDERS = (ROOT / "tests" / "sdk", ROOT / "examples" / "playwright-node")
TARGETS = ("hono-bun", "hono-bun-1.4", "hono-node")
LOCKS = ROOT / "harness" / "targets" / "hono" / "packages"
MISSING = """no Node: the tests that run on it are skipped (in CI they fail).
  Debian or Ubuntu:  apt-get install nodejs npm
  elsewhere:         install Node 20 or newer with npm
  then run `make setup` again"""

FAILED = """npm failed, its message is above: the tests of {subject} are skipped (in CI they fail).
  `make setup` tries again."""


def set_up_npm(python: Path) -> None:
    """Run `npm ci` in each folder that is here, then install each target into .cache/npm."""
    npm = shutil.which("npm") if shutil.which("node") else None
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    for folder in FOLDERS:
        if (folder / "package.json").is_file():
            _install(
                f"the packages of {folder.relative_to(ROOT)} with npm",
                folder / "node_modules" / "firstbyte.stamp",
                fingerprint(folder / "package.json", folder / "package-lock.json"),
                [npm, "ci", "--prefix", folder, *options] if npm else None,
            )
    _install(
        "Bun and Hono with npm (about 60 MB, once)",
        CACHE / "npm" / "targets.stamp",
        fingerprint(*sorted(LOCKS.glob("*/package-lock.json"))),
        [python, "-m", "firstbyte.harness.targets.install", *TARGETS] if npm else None,
    )


def _install(subject: str, stamp: Path, key: str, command: list[str | Path] | None) -> None:
    """Run the command unless it was run with these inputs. None: there is no npm to run it."""
    if is_done(stamp, key):
        return
    if command is None:
        say(MISSING)
        return
    stamp.unlink(missing_ok=True)
    say(f"installing {subject}")
    if run(command):
        finish(stamp, key)
    else:
        say(FAILED.format(subject=subject.partition(" with ")[0]))
