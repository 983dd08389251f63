"""Finds a Chromium for the tests that drive a page, and gets one if the machine has none.

The path goes to .cache/chromium, where the tests read it. A machine without any browser is still set up: the
tests that need one say so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from machine import CACHE, apt_install, finish, run, say, succeeds

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
PACKAGES = ["chromium-headless-shell", "chromium"]
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


def installed() -> str | None:
    """Path of a Chromium on this machine that starts; Ubuntu's may be a stub that only prints advice."""
    paths = [os.environ.get("FIRSTBYTE_CHROMIUM"), *map(shutil.which, NAMES)]
    return next((path for path in paths if path and succeeds([path, "--version"])), None)


def from_debian() -> str | None:
    """Debian's package, where we may install one."""
    apt_install(PACKAGES, LOG)
    return installed()


def from_playwright(python: Path) -> str | None:
    """Playwright's own build: the way on macOS, and on a Linux where one is not root."""
    say("downloading Chromium with `playwright install chromium` (what it prints goes to .cache/browser.log)")
    if not run([python, "-m", "playwright", "install", "chromium"], LOG):
        return None
    path = subprocess.run(
        [python, "-c", ASK_PLAYWRIGHT], capture_output=True, text=True, check=False
    ).stdout.strip()
    return path if path and succeeds([path, "--version"]) else None


def is_known() -> bool:
    """Whether the path found last time still exists, and nobody asks for another one."""
    known = FOUND.read_text() if FOUND.exists() else ""
    return Path(known).is_file() and os.environ.get("FIRSTBYTE_CHROMIUM") in (None, known)


def set_up_browser(python: Path) -> None:
    """Write .cache/chromium, or say once how to get a browser and leave it at that."""
    if is_known():
        return
    FOUND.unlink(missing_ok=True)
    path = installed()
    if not path and FAILED.exists():
        say("still no Chromium (`make browser` tries again)")
        return
    path = path or from_debian() or from_playwright(python)
    if path:
        FAILED.unlink(missing_ok=True)
        finish(FOUND, path)
        say(f"browser: {path}")
    else:
        finish(FAILED, "")
        say(MISSING)
