"""Starts the browser for the contract, or says how to get one; recognises a browser that ended too soon.

It must never download anything, never leave a folder of the browser's behind, and never let the end of a
browser look like a fault of the page.
"""

import asyncio
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Error, Playwright, sync_playwright

from firstbyte.harness.problems import BadInput, MissingTool, SetupFailed
from firstbyte.harness.process.child import own_folder

NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
)
QUIET = ("background-networking", "component-update", "sync", "quic", "gpu")
NO_BROWSER = (
    "sendstate: there is no Chromium on this machine; run `playwright install chromium`, or name one in "
    "FIRSTBYTE_CHROMIUM"
)
NO_START = (
    "sendstate: the browser {path} does not start: {reason}; see whether it runs by hand, or name another "
    "one in FIRSTBYTE_CHROMIUM"
)
GONE = (
    "sendstate: the browser, or the driver of Playwright, has ended in the middle of a rule, which says "
    "nothing of the page; run it again, and if it ends again, see whether this machine runs out of memory"
)
TEMPORARY = "TMPDIR"


@contextmanager
def running_browser() -> Iterator[Browser]:
    """A headless Chromium. Raises MissingTool with the command that installs what is missing, and SetupFailed
    for a browser that does not start.
    """
    with _temporary_folder(), sync_playwright() as playwright:
        browser = _launched(playwright)
        try:
            with _named_when_gone(browser, playwright):
                yield browser
        finally:
            if not is_gone(browser, playwright):
                close(browser)


def close(one: Browser | BrowserContext) -> None:
    """Close it. On the way out of a Ctrl-C nobody may be left to do so: a terminal tells the driver too."""
    with suppress(Error) if isinstance(sys.exception(), KeyboardInterrupt) else nullcontext():
        one.close()


def is_gone(browser: Browser, playwright: Playwright | None = None) -> bool:
    """Whether the browser has ended; with `playwright`, whether its driver has."""
    try:
        if playwright is not None:
            playwright.request.new_context().dispose()  # asks the driver alone: a browser that hangs can wait
    except Error:
        return True
    return not browser.is_connected()


@contextmanager
def _named_when_gone(browser: Browser, playwright: Playwright) -> Iterator[None]:
    """While this lasts, the end of the browser is told as what it is, whatever it looks like."""
    loop = asyncio.get_running_loop()  # Playwright's, which runs between its calls
    try:
        yield
    except (Error, BadInput, SetupFailed) as error:
        if not is_gone(browser, playwright):
            raise
        loop.set_exception_handler(_ignore)  # what is left in it is nothing new
        raise SetupFailed(GONE) from error


def _ignore(_loop: asyncio.AbstractEventLoop, _context: dict[str, Any]) -> None:
    """Nothing of it is for the terminal."""


@contextmanager
def _temporary_folder() -> Iterator[None]:
    """What driver and browser put down for a while goes to a folder of ours: killed, they leave it there."""
    before = os.environ.get(TEMPORARY)
    with own_folder() as folder:
        os.environ[TEMPORARY] = str(folder)  # the driver takes the environment of this process
        try:
            yield
        finally:
            del os.environ[TEMPORARY]
            if before is not None:
                os.environ[TEMPORARY] = before


def _launched(playwright: Playwright) -> Browser:
    path = _path(playwright)
    # Chromium's own sandbox needs rights that containers lack; the page under test is the user's own.
    args = ["--no-sandbox", *(f"--disable-{name}" for name in QUIET)]
    try:
        return playwright.chromium.launch(executable_path=path, args=args)
    except Error as error:
        raise SetupFailed(NO_START.format(path=path, reason=error.message.partition("\n")[0])) from error


def _path(playwright: Playwright) -> str:
    named = os.environ.get("FIRSTBYTE_CHROMIUM")
    own = playwright.chromium.executable_path
    found = [named] if named else [own, *map(shutil.which, NAMES)]
    path = next((path for path in found if path and Path(path).exists()), None)
    if path is None:
        raise MissingTool(NO_BROWSER)
    return path
