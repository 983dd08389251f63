"""The text field of a page, and what sends from it."""

from collections.abc import Callable

from playwright.sync_api import Page

from firstbyte.harness.sendstate.adapter import Adapter
from firstbyte.harness.sendstate.transcript import Transcript


class Composer:
    """note: called with what the user does."""

    def __init__(
        self, page: Page, adapter: Adapter, transcript: Transcript, note: Callable[[str], None]
    ) -> None:
        self._page = page
        self._transcript = transcript
        self._send = adapter.send
        self._field = page.locator(adapter.composer.selector)
        self._note = note

    def __repr__(self) -> str:
        return f"<Composer {self._field}>"

    def write(self, text: str) -> None:
        """Put a text in, in place of what is there."""
        self._note(f"types '{text}'")
        self._field.fill(text)
        self._transcript.record()  # has the recorder note the text, however soon it is sent

    def send(self) -> None:
        """Send what it holds."""
        self._note("sends")
        if self._send.key:
            self._field.press(self._send.key)
        else:
            self._page.locator(self._send.button).click()
