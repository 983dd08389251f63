"""What a page has shown and announced so far, over reloads too."""

import re

import msgspec
from playwright.sync_api import Page

from firstbyte.harness.sendstate.adapter import Adapter
from firstbyte.harness.sendstate.seen import Record


class Transcript:
    """Reads what the recorder in the page has noted."""

    def __init__(self, page: Page, adapter: Adapter) -> None:
        self._page = page
        self._failure = re.compile(adapter.failure.text)
        self._before_reload = Record(frames=(), announced=())

    def __repr__(self) -> str:
        return f"<Transcript {len(self._before_reload.frames)} frames before the reload>"

    def record(self) -> Record:
        """All frames and announcements."""
        seen = self._page.evaluate("({frames: __firstbyte.frames(), announced: __firstbyte.announced()})")
        record, before = msgspec.convert(seen, Record), self._before_reload
        return Record(frames=before.frames + record.frames, announced=before.announced + record.announced)

    def keep(self) -> None:
        """Call it before a reload, which empties the recorder."""
        self._before_reload = self.record()

    def claims_failure(self, since: int = 0, before: frozenset[str] = frozenset()) -> str:
        """What the page has said, from that frame on, that a user reads as failed; '' if nothing.

        before: texts that were there before anything was sent.
        """
        frames = self.record().frames[since:]
        texts = (text for frame in frames for text in frame.failures if text not in before)
        return next((text for text in texts if self._failure.search(text)), "")
