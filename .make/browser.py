"""Finds a Chromium for the tests that drive a page, and gets one if the machine has none.

The path goes to .cache/chromium, where the tests read it. A machine without any browser is still set up: the
tests that need one say so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from stamps import CACHE, PYTHON, begin, finish, say

NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
)
"""As harness/sendstate/browser.py has them. The headless one first, as with Playwright: tests of pages take
little over half the time in it.
"""
PACKAGES = ("chromium-headless-shell", "chromium")
"""Of Debian. Ubuntu has neither as a package of its own."""
FOUND = CACHE / "chromium"
FAILED = CACHE / "chromium.failed"
LOG = CACHE / "browser.log"
MISSING = """no Chromium, and none could be installed (.cache/browser.log says why).
  Tests that drive a page are skipped; in CI they fail.
  Debian or Ubuntu:  apt-get install chromium
  elsewhere:         install Chromium or Chrome, or set FIRSTBYTE_CHROMIUM to the path of one
  then run `make browser`"""

ASK_PLAYWRIGHT = """
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)
"""


def works(path: str) -> bool:
    """Whether this program starts; Ubuntu's chromium-browser may be a stub that only prints advice."""
    try:
        shown = subprocess.run(
            [path, "--version"], capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return shown.returncode == 0


def installed() -> str | None:
    """Path of a Chromium on this machine that starts; None if there is none."""
    paths = [os.environ.get("FIRSTBYTE_CHROMIUM"), *map(shutil.which, NAMES)]
    return next((path for path in paths if path and works(path)), None)


def logged(command: list[str], log: Path) -> bool:
    """Runs a talkative command, its output into the log; whether it succeeded."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with log.open("ab") as out:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment, check=False
        )
    return done.returncode == 0


def by_apt() -> str | None:
    """Debian's package, where we may install one."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    say("installing Chromium with apt-get (a minute or two; what it prints goes to .cache/browser.log)")
    logged(["apt-get", "update", "-qq"], LOG)
    for name in PACKAGES:
        logged(["apt-get", "install", "-y", "-qq", "--no-install-recommends", name], LOG)
    return installed()


def by_playwright() -> str | None:
    """Playwright's own build: the way on macOS, and on a Linux where one is not root."""
    say("downloading Chromium with `playwright install chromium` (what it prints goes to .cache/browser.log)")
    if not logged([str(PYTHON), "-m", "playwright", "install", "chromium"], LOG):
        return None
    asked = subprocess.run([str(PYTHON), "-c", ASK_PLAYWRIGHT], capture_output=True, text=True, check=False)
    path = asked.stdout.strip()
    return path if path and works(path) else None


def is_known() -> bool:
    """Whether the path found last time still stands, and nobody asks for another one."""
    asked = os.environ.get("FIRSTBYTE_CHROMIUM")
    if not FOUND.exists():
        return False
    known = FOUND.read_text()
    return Path(known).exists() and asked in (None, known)


def set_up_browser() -> None:
    """Writes .cache/chromium, or says once how to get a browser and leaves it at that."""
    if is_known():
        return
    begin(FOUND)
    path = installed()
    if not path and FAILED.exists():
        say("still no Chromium (`make browser` tries again)")
        return
    path = path or by_apt() or by_playwright()
    if path:
        FAILED.unlink(missing_ok=True)
        finish(FOUND, path)
        say(f"browser: {path}")
    else:
        finish(FAILED, "")
        say(MISSING)
