"""Watches a page's requests, so that a check can wait for the page instead of for time.

It must never count an endless event stream as something to wait for.
"""

import re
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from playwright.sync_api import Page, Request, Response

from firstbyte.harness.clock import wall_ms
from firstbyte.harness.sendstate.adapter import Adapter

BESIDE_THE_POINT = frozenset({"stylesheet", "script", "image", "font", "media", "manifest"})
"""Kinds of requests that make a page, and tell nothing of what it does: not in the timeline."""


class PageWatch:
    """The requests of one page: those under way, and how many of which path have been answered."""

    def __init__(self, page: Page, adapter: Adapter) -> None:
        self._adapter = adapter
        self._open: dict[Request, None] = {}
        self._events: list[tuple[int, str]] = []
        self._asked: list[tuple[str, str]] = []
        self.ended_sends = 0
        self.streams = 0
        page.on("request", self._began)
        page.on("requestfinished", self._ended)
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)

    def __repr__(self) -> str:
        return f"<PageWatch {len(self._open)} open, {self.ended_sends} sends ended>"

    def open_paths(self) -> list[tuple[str, str]]:
        """Method and path of every request under way but event streams."""
        return [(one.method, path_of(one)) for one in self._open]

    def events(self) -> list[tuple[int, str]]:
        """For the timeline: microseconds of Unix time, and what became of a request then."""
        return list(self._events)

    def matching(self, method: str, pattern: str) -> list[str]:
        """The paths of such requests so far, each once."""
        paths = (path for one, path in self._asked if one == method)
        return list(dict.fromkeys(path for path in paths if fnmatchcase(path, pattern)))

    def posts(self) -> list[str]:
        """The paths the page has posted to, each once."""
        return self.matching("POST", "*")

    def unmatched_sends(self) -> str:
        """For a send that was not caught: what was looked for, and what the page sent."""
        pattern = self._adapter.send.request
        posts = ", ".join(f"POST {path}" for path in self.posts()) or "no POST at all"
        if self.matching("POST", pattern):
            return f"the page did not send when it was told to; in all it sent {posts}"
        return f"no POST matched send.request '{pattern}'; the page sent {posts}"

    def is_send(self, request: Request) -> bool:
        """Whether this sends a message."""
        return request.method == "POST" and fnmatchcase(path_of(request), self._adapter.send.request)

    def _is_stream(self, request: Request) -> bool:
        events = self._adapter.events
        return events is not None and fnmatchcase(path_of(request), events.request)

    def _note(self, request: Request, what: str) -> None:
        if request.resource_type in BESIDE_THE_POINT:
            return
        self._events.append((wall_ms() * 1000, f"{request.method} {path_of(request)}{what}"))

    def _began(self, request: Request) -> None:
        self._note(request, "")
        if request.resource_type not in BESIDE_THE_POINT:
            self._asked.append((request.method, path_of(request)))
        if not self._is_stream(request):
            self._open[request] = None

    def _answered(self, response: Response) -> None:
        self._note(response.request, f": {response.status}")
        if self._is_stream(response.request):
            self.streams += 1

    def _failed(self, request: Request) -> None:
        self._note(request, f": {request.failure or 'broken off'}")
        self._ended(request)

    def _ended(self, request: Request) -> None:
        self._open.pop(request, None)
        if self.is_send(request):
            self.ended_sends += 1


def path_of(request: Request) -> str:
    """The path without the query."""
    return urlsplit(request.url).path


def address_pattern(path: str) -> re.Pattern[str]:
    """A pattern for whole addresses, from one with * and ? for paths."""
    inner = re.escape(path).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(rf"^https?://[^/]+{inner}(\?.*)?$")
