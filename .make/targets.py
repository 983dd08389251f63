"""Gets the npm packages of the targets that run our Hono application: Bun, Hono, its server for Node.

A machine without npm is still set up: the targets say so, and their tests are skipped (in CI they fail).
"""

from __future__ import annotations

import shutil

from installer import run
from stamps import CACHE, PYTHON, ROOT, begin, fingerprint, finish, is_done, say

NAMES = ("hono-bun", "hono-bun-1.4", "hono-node")
PACKAGES = ROOT / "harness" / "targets" / "hono" / "packages"
STAMP = CACHE / "npm" / "targets.stamp"
FAILED = """not all of Bun and Hono is there, the message is above: the targets {names}
  say so, and their tests are skipped (in CI they fail). `make setup` tries again."""


def set_up_targets() -> None:
    """Each target's own installation, into .cache/npm."""
    key = fingerprint(*sorted(PACKAGES.glob("*/package-lock.json")))
    if is_done(STAMP, key):
        return
    if not shutil.which("npm"):  # set_up_sdk has said so
        return
    begin(STAMP)
    say("installing Bun and Hono with npm (about 60 MB, once)")
    if run([PYTHON, "-m", "firstbyte.harness.targets.install", *NAMES]):
        say(FAILED.format(names=", ".join(NAMES)))
        return
    finish(STAMP, key)
