"""Gets the published client library for the test that runs it against the reference server.

A machine without Node is still set up: that test says so.
"""

from __future__ import annotations

import shutil

from installer import run
from stamps import ROOT, begin, fingerprint, finish, is_done, say

FOLDER = ROOT / "tests" / "sdk"
STAMP = FOLDER / "node_modules" / "firstbyte.stamp"
MISSING = """no Node: the test that runs the real client library is skipped (in CI it fails).
  Debian or Ubuntu:  apt-get install nodejs npm
  elsewhere:         install Node 20 or newer with npm
  then run `make setup` again"""

FAILED = """npm failed, its message is above: the test that runs the real client library is skipped (in CI it
  fails). `make setup` tries again."""


def set_up_sdk() -> None:
    """`npm ci` in tests/sdk, with no package's own scripts run."""
    key = fingerprint(FOLDER / "package.json", FOLDER / "package-lock.json")
    if is_done(STAMP, key):
        return
    npm = shutil.which("npm")
    if not (npm and shutil.which("node")):
        say(MISSING)
        return
    begin(STAMP)
    say("installing the client library of tests/sdk with npm")
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    if run([npm, "ci", "--prefix", FOLDER, *options]):
        say(FAILED)
        return
    finish(STAMP, key)
