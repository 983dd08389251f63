"""Loads a page and waits until it can be used, for as long as its adapter allows."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from playwright.sync_api import BrowserContext, Page, expect
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from firstbyte.harness.model.units import format_duration
from firstbyte.harness.problems import BadInput, SetupFailed
from firstbyte.harness.sendstate.adapter import Adapter


class NotReady(BadInput):
    """An element is not there that the adapter names. key, selector: which."""

    def __init__(self, message: str, *, key: str, selector: str) -> None:
        super().__init__(message)
        self.key = key
        self.selector = selector


RECORDER = Path(__file__).with_name("recorder.js")


def in_context(context: BrowserContext, adapter: Adapter) -> None:
    """Prepare a context: first the recorder, which keeps the browser's own clock, then a clock to move."""
    places = {
        "composer": adapter.composer.selector,
        "messages": adapter.messages.selector,
        "mine": adapter.messages.mine,
        "pending": adapter.messages.pending,
        "text": adapter.messages.text,
        "failure": adapter.failure.selector,
    }
    context.add_init_script(
        f"({RECORDER.read_text(encoding='utf-8')})({msgspec.json.encode(places).decode()})"
    )
    context.clock.install()


def load(page: Page, address: str, adapter: Adapter) -> None:
    """Load an address. Raises SetupFailed when it does not come, NotReady when it does not get ready."""
    try:
        with _stopped_when_late(page):
            page.goto(address, timeout=_opening_ms(adapter))
    except PlaywrightTimeout as error:
        raise SetupFailed(
            f"{adapter.name}: the page {address} does not come; see whether the server answers, and "
            f"'opening' ({format_duration(adapter.opening)}) of the adapter"
        ) from error
    _until_ready(page, adapter)


def load_again(page: Page, adapter: Adapter) -> None:
    """Reload. Raises NotReady when the page does not get ready."""
    with _stopped_when_late(page):
        page.reload(timeout=_opening_ms(adapter))
    _until_ready(page, adapter)


def _until_ready(page: Page, adapter: Adapter) -> None:
    timeout = _opening_ms(adapter)
    key, selector = "ready", adapter.ready
    try:
        if adapter.ready:
            expect(page.locator(adapter.ready).first).to_be_attached(timeout=timeout)
        key, selector = "composer.selector", adapter.composer.selector
        expect(page.locator(selector)).to_be_editable(timeout=timeout)
    except (AssertionError, PlaywrightError) as error:  # the latter for what is no selector
        reason = str(error).splitlines()[0]
        raise NotReady(
            f"{adapter.name}: the page {page.url} does not get ready: {reason}; see '{key}' ({selector}) and "
            f"'opening' ({format_duration(adapter.opening)}) of the adapter",
            key=key,
            selector=selector,
        ) from error


def _opening_ms(adapter: Adapter) -> int:
    return adapter.opening // 1000


@contextmanager
def _stopped_when_late(page: Page) -> Iterator[None]:
    """Stop loading after a timeout: a page that still loads does not answer, and questions have no limit."""
    try:
        yield
    except PlaywrightTimeout:
        page.context.new_cdp_session(page).send("Page.stopLoading")
        raise
