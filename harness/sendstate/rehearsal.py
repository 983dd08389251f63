"""Proves an adapter on its page before any rule is judged: one send succeeds, then sends fail.

A selector that matches nothing and a page that shows nothing look alike to a rule, so each key is looked up
in a state in which it must match. This never judges the page's conduct: that is what the rules are for.
"""

from collections.abc import Callable
from contextlib import suppress
from fnmatch import fnmatchcase

from playwright.sync_api import Error as PlaywrightError

from firstbyte.harness.clock import monotonic_ns
from firstbyte.harness.problems import BadInput, SetupFailed
from firstbyte.harness.sendstate.failing import FailedSends
from firstbyte.harness.sendstate.loading import NotReady, load
from firstbyte.harness.sendstate.looking import bad_selectors, counted, message_premises
from firstbyte.harness.sendstate.page_under_test import PageUnderTest
from firstbyte.harness.sendstate.page_wait import SET_UP_PATIENCE
from firstbyte.harness.sendstate.premises import Premise, Premises, State
from firstbyte.harness.sendstate.truth_paths import truth_premises

SHORT = (1, 1)


class Rehearsal:
    """One adapter on one page, which is thrown away afterwards."""

    def __init__(self, stage: PageUnderTest) -> None:
        self._stage = stage
        self._adapter = stage.adapter
        self._premises: list[Premise] = []

    def __repr__(self) -> str:
        return f"<Rehearsal {self._adapter.name}: {len(self._premises)} premises>"

    def play(self) -> Premises:
        """All of it. After a key without which nothing can be sent or asked, the rest is not tried."""
        text = self._stage.room.tagged("firstbyte tries the adapter")
        if self._opens() and self._sends(text) and self._is_stored(text):
            self._is_shown(text)
            self._premises += FailedSends(self._stage).premises()
            self._reads()
        return Premises(adapter=self._adapter.name, all=tuple(self._premises))

    def _add(self, key: str, value: str, seen: str, *, holds: bool) -> bool:
        state = State.MATCHED if holds else State.MISSED
        self._premises.append(Premise(key=key, value=value, state=state, seen=seen))
        return holds

    def _opens(self) -> bool:
        adapter, stage = self._adapter, self._stage
        create = adapter.create
        try:
            path = stage.truth.page()
        except BadInput as error:
            return self._add("create", create.url if create else "", str(error), holds=False)
        if create is not None:
            self._add("create", create.url, f"made {path}", holds=True)
        stage.note("opens the page to try the adapter on it")
        try:
            load(stage.page, stage.edge.url + path, adapter)
        except NotReady as error:
            return self._add(error.key, error.selector, str(error), holds=False)
        bad = list(bad_selectors(stage.page, adapter))
        self._premises += bad
        if bad:
            return False
        for key, selector in (("ready", adapter.ready), ("composer.selector", adapter.composer.selector)):
            if selector:
                self._add(key, selector, counted(stage.page, selector), holds=True)
        if adapter.events is not None:
            is_open = self._comes_true(lambda: stage.watch.streams > 0)
            self._requested("events.request", adapter.events.request, is_matched=is_open)
        stage.room.begin(stage.truth.ask_early(stage.page), stage.record().now)
        return True

    def _sends(self, text: str) -> bool:
        """The message leaves by a request that `send.request` matches."""
        stage, send = self._stage, self._adapter.send
        key, value = ("send.key", send.key) if send.key else ("send.button", send.button)
        try:
            stage.send(text)
        except PlaywrightError as error:
            reason = error.message.partition("\n")[0]
            return self._add(key, value, f"can't be used: {reason}", holds=False)

        def matching() -> list[str]:
            return [f"POST {path}" for path in stage.watch.posts() if fnmatchcase(path, send.request)]

        is_caught = self._comes_true(lambda: bool(matching()))
        if not stage.watch.posts():
            self._add(key, value, "was used, and the page sent no POST", holds=False)
        else:
            self._add(key, value, "sends", holds=True)
        if send.key and send.button:
            unused = f"'{send.key}' sends, so no rule uses it"
            self._premises.append(
                Premise(key="send.button", value=send.button, state=State.NOT_USED, seen=unused)
            )
        seen = ", ".join(matching()) if is_caught else stage.watch.unmatched_sends()
        return self._add("send.request", send.request, seen, holds=is_caught)

    def _is_stored(self, text: str) -> bool:
        """The server says that it has the message, and whose it is."""
        stage, truth = self._stage, self._adapter.truth
        latest: list[Premise] = []

        def is_proven() -> bool:
            latest.clear()
            if self._adapter.session and not stage.truth.session(stage.page):
                key, value, seen = "session", self._adapter.session, f"finds nothing in {stage.page.url}"
                latest.append(Premise(key=key, value=value, state=State.MISSED, seen=seen))
                return False
            try:
                document = stage.truth.document(stage.page)
            except BadInput as error:
                latest.append(Premise(key="truth.url", value=truth.url, state=State.MISSED, seen=str(error)))
                return False
            if self._adapter.session:
                seen = stage.truth.session(stage.page)
                latest.append(
                    Premise(key="session", value=self._adapter.session, state=State.MATCHED, seen=seen)
                )
            latest.append(
                Premise(key="truth.url", value=truth.url, state=State.MATCHED, seen="a JSON document")
            )
            latest.extend(truth_premises(truth, document, text))
            return not any(one.is_unproven for one in latest)

        is_all_there = self._comes_true(is_proven)
        self._premises += latest
        return is_all_there

    def _is_shown(self, text: str) -> None:
        """The page shows the message as the user's and as sent; an answer is not taken for the user's."""
        stage, messages = self._stage, self._adapter.messages
        latest: list[Premise] = []

        def is_proven() -> bool:
            answers = [one.text for one in stage.server_has() if not one.mine]
            latest[:] = message_premises(stage.page, messages, text, answers)
            return not any(one.is_unproven for one in latest)

        self._comes_true(is_proven)
        self._premises += latest
        frame = stage.settle(SHORT)
        if messages.pending and text in frame.unsent:
            seen = "still matches a message that the server has taken"
            self._add("messages.pending", messages.pending, seen, holds=False)
        claim = stage.claims_failure()
        if claim:
            seen = f"reads '{claim}' as a failure, after a send that succeeded"
            self._add("failure.text", self._adapter.failure.text, seen, holds=False)

    def _reads(self) -> None:
        """Most pages read messages when they are opened; the others have had every reason to by now."""
        reads = self._adapter.reads
        if reads is None:
            return
        watch = self._stage.watch
        if not watch.matching("GET", reads.request):
            with suppress(PlaywrightError, BadInput, SetupFailed):
                self._stage.reload()
        is_matched = self._comes_true(lambda: bool(watch.matching("GET", reads.request)))
        self._requested("reads.request", reads.request, is_matched=is_matched)

    def _requested(self, key: str, pattern: str, *, is_matched: bool) -> None:
        watch = self._stage.watch
        if is_matched:
            seen = ", ".join(f"GET {path}" for path in watch.matching("GET", pattern)[:3])
        else:
            paths = ", ".join(f"GET {path}" for path in watch.matching("GET", "*")) or "no GET of its script"
            seen = f"no GET matched; the page sent {paths}"
        self._add(key, pattern, seen, holds=is_matched)

    def _comes_true(self, is_true: Callable[[], bool]) -> bool:
        """Whether it does while the page is at work, and for the page's patience once it is quiet."""
        patience = self._stage.wait.patience_ms * 1_000_000
        quiet_since = monotonic_ns()

        def is_decided() -> bool:
            nonlocal quiet_since
            if is_true():
                return True
            if self._stage.watch.open_paths():
                quiet_since = monotonic_ns()
            return monotonic_ns() - quiet_since > patience

        return self._stage.wait.within(SET_UP_PATIENCE, is_decided) and is_true()
