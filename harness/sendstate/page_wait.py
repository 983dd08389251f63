"""Waits for a page: for a frame it draws, and for something that becomes true. It never sleeps."""

from collections.abc import Callable

from playwright.sync_api import Page

from firstbyte.harness.clock import monotonic_ns
from firstbyte.harness.model.units import Duration, seconds
from firstbyte.harness.problems import SetupFailed

PATIENCE = seconds(5)
SET_UP_PATIENCE = seconds(20)
"""For what a rule waits for but does not judge: a heavy server is slow on a busy machine."""


class PageWait:
    """name: of the front end, for messages. patience: how long the page may take for what it owes."""

    def __init__(self, page: Page, name: str, patience: Duration = PATIENCE) -> None:
        self._page = page
        self._name = name
        self._patience = patience

    def __repr__(self) -> str:
        return f"<PageWait {self._name}>"

    @property
    def patience_ms(self) -> int:
        """The page's patience, for code that runs in the page."""
        return self._patience // 1000

    def painted(self) -> None:
        """Until the page has drawn what it knows."""
        self._page.evaluate("window.__firstbyte.painted()")

    def until(self, is_true: Callable[[], bool], what: str) -> None:
        """Until a condition of the set-up holds; it is looked at each frame. Raises SetupFailed otherwise."""
        if not self.within(SET_UP_PATIENCE, is_true):
            raise SetupFailed(f"{self._name}: waited in vain until {what}")

    def comes_true(self, is_true: Callable[[], bool]) -> bool:
        """Whether the page does what it owes, in the time it is given."""
        return self.within(self._patience, is_true)

    def within(self, patience: Duration, is_true: Callable[[], bool]) -> bool:
        """Whether a condition holds within that time; it is looked at each frame."""
        end = monotonic_ns() + patience * 1000
        while not is_true():
            if monotonic_ns() > end:
                return False
            self.painted()
        return True
