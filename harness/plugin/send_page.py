"""The `send_page` fixture: the page of a user's test behind a held edge, with the verbs of the contract.

It uses pytest-playwright's `page`, with its browser, options and traces; it opens no browser itself.
"""

from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Page

from firstbyte.harness import redact
from firstbyte.harness.problems import BadInput, did_you_mean
from firstbyte.harness.sendstate.adapter import Adapter, load_adapter
from firstbyte.harness.sendstate.artefacts import keep_story
from firstbyte.harness.sendstate.checks import check
from firstbyte.harness.sendstate.contract import RULES
from firstbyte.harness.sendstate.edge import HeldEdge
from firstbyte.harness.sendstate.loading import in_context
from firstbyte.harness.sendstate.outcome import Broken, NotApplicable
from firstbyte.harness.sendstate.page_under_test import PageUnderTest
from firstbyte.harness.sendstate.play import DEFAULT_EDGE, Subject, rehearse
from firstbyte.harness.sendstate.premises import Premises
from firstbyte.harness.sendstate.truth import Truthful
from firstbyte.proxies.program.arguments import read_upstream

_tried: dict[str, Premises] = {}
"""What trying an adapter came to, once in a process for each adapter, server and edge."""


class SendPage(PageUnderTest):
    """The page under test: `open`, `send`, `given_up`, `settle`, `record`, `sent` and the other verbs.

    subject: what it is a page of. folder: where a broken rule leaves a picture and the timeline; for a
    trace, use pytest-playwright's --tracing.
    """

    def __init__(
        self, page: Page, edge: HeldEdge, adapter: Adapter, truth: Truthful, *, subject: Subject, folder: Path
    ) -> None:
        super().__init__(page, edge, adapter, truth)
        self.subject = subject
        self.folder = folder

    def check(self, rule: str) -> None:
        """Play one rule: fails the test where the page breaks it, skips where it can't be checked."""
        known = {one.id: one for one in RULES}
        if rule not in known:
            raise BadInput(f"send_page: no rule '{rule}'{did_you_mean(rule, known)}")
        missing = _premises(self.page, self.subject).missing(known[rule])
        if missing:
            raise BadInput(f"send_page: {missing}")
        try:
            check(rule, self)
        except NotApplicable as reason:
            pytest.skip(str(reason))
        except Broken as reason:
            kept = ", ".join(keep_story(self, self.folder))
            text = f"{rule}: {known[rule].claim}\n{redact.text(str(reason))}\n\n{self.story()}\nkept: {kept}"
            pytest.fail(text, pytrace=False)


class SendPageFactory:
    """The value of the fixture: `send_page(url, adapter)`."""

    def __init__(self, page: Page, folder: Path) -> None:
        self._page = page
        self._folder = folder
        self._stack = ExitStack()

    def __repr__(self) -> str:
        return f"<SendPageFactory {self._page.url}>"

    def __call__(self, url: str, adapter: str | Path, profile: str = DEFAULT_EDGE) -> SendPage:
        """Put a held edge in front of the server at `url`; `open` or a rule opens the page.

        adapter: a TOML file that says where things are on the page. profile: an edge's id or file. Raises
        BadInput with the cure.
        """
        read = load_adapter(Path(adapter))
        upstream = read_upstream(url, verify=True)
        edge = self._stack.enter_context(HeldEdge(upstream, profile))
        truth = Truthful(url.rstrip("/"), read)
        self._stack.callback(truth.close)
        in_context(self._page.context, read)
        subject = Subject(adapter=read, upstream=upstream, edge=profile)
        return SendPage(self._page, edge, read, truth, subject=subject, folder=self._folder)

    def close(self) -> None:
        """Leave the page, then end the edge, so that neither waits for requests that hang."""
        self._page.goto("about:blank")
        self._stack.close()


def _premises(page: Page, subject: Subject) -> Premises:
    """Try the adapter, logged in as the test is, in a context of its own, which ends with it."""
    browser = page.context.browser
    if browser is None:
        raise BadInput("send_page: a rule needs a second context, which a persistent context can't give")
    key = repr(subject)
    if key not in _tried:
        state = page.context.storage_state()
        _tried[key] = rehearse(msgspec.structs.replace(subject, storage_state=state), browser)
    return _tried[key]
