"""Starts the browser for the contract, or says how to get one.

It must never download anything.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from firstbyte.harness.problems import MissingTool

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
QUIET = ("background-networking", "component-update", "sync", "quic", "gpu")
NO_PLAYWRIGHT = "sendstate: Playwright is not installed; run `pip install 'firstbyte[browser]'`"
NO_BROWSER = (
    "sendstate: there is no Chromium on this machine; run `playwright install chromium`, or name one in "
    "FIRSTBYTE_CHROMIUM"
)


@contextmanager
def running_browser() -> Iterator["Browser"]:
    """A headless Chromium. Raises MissingTool with the command that installs what is missing."""
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - an optional part
    except ImportError as error:
        raise MissingTool(NO_PLAYWRIGHT) from error
    with sync_playwright() as playwright:
        path = _path(playwright)
        # Chromium's own sandbox needs rights that containers lack; the page under test is the user's own.
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", *(f"--disable-{name}" for name in QUIET)]
        )
        try:
            yield browser
        finally:
            browser.close()


def _path(playwright: "Playwright") -> str:
    named = os.environ.get("FIRSTBYTE_CHROMIUM")
    own = playwright.chromium.executable_path
    found = [named] if named else [own, *map(shutil.which, NAMES)]
    path = next((path for path in found if path and Path(path).exists()), None)
    if path is None:
        raise MissingTool(NO_BROWSER)
    return path
