"""Lets sends fail until the page has shown what the adapter says of failures.

First those that fail for certain: whatever the page calls a failure, it must say of them.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress

from playwright.sync_api import Error as PlaywrightError

from firstbyte.harness.problems import SetupFailed
from firstbyte.harness.sendstate.looking import control_to_send_again
from firstbyte.harness.sendstate.page_under_test import PageUnderTest
from firstbyte.harness.sendstate.premises import Premise, State

REASON = "firstbyte has this one refused"
CERTAIN = "a 400 and a server that can't be reached"
ALL_WAYS = f"{CERTAIN}, a 524 for a stored message and for a lost one"
MOST = 300
"""Characters of what the page said instead."""


class FailedSends:
    """The failed sends of one page."""

    def __init__(self, stage: PageUnderTest) -> None:
        self._stage = stage
        self._before = set(stage.record().now.body.splitlines())
        self._failures: list[str] = []
        self._lines: list[str] = []
        self._is_offered_again = False

    def __repr__(self) -> str:
        return f"<FailedSends {self._failures}>"

    def premises(self) -> Iterator[Premise]:
        """The keys of `failure`, `messages.pending` and `send_again`."""
        for send in (self._refused, self._unreachable):
            if self._is_incomplete():
                self._try(send)
        yield from self._failure()
        for send in (self._lost, self._stored):
            if self._is_incomplete():
                self._try(send)
        pending, again = self._stage.adapter.messages.pending, self._stage.adapter.send_again
        if pending:
            was_pending = self._was_pending()
            yield self._premise(
                "messages.pending", pending, "a message that has failed", is_matched=was_pending
            )
        if again is not None:
            is_offered = self._is_offered_again
            yield self._premise(
                "send_again.selector", again.selector, "after a failed send", is_matched=is_offered
            )

    # ---- how a send fails

    def _refused(self) -> None:
        self._stage.refused(self._stage.room.tagged("to be refused"), REASON)

    def _unreachable(self) -> None:
        self._stage.edge.stop()
        try:
            self._stage.send(self._stage.room.tagged("to nobody"))
            self._stage.settle()
        finally:
            self._stage.edge.start()

    def _lost(self) -> None:
        self._stage.lost(self._stage.room.tagged("to get lost"))

    def _stored(self) -> None:
        with self._stage.blind():
            self._stage.given_up(self._stage.room.tagged("to be stored"))
            self._stage.settle()
            self._look()

    def _try(self, send: Callable[[], None]) -> None:
        """What can't be done leaves its keys unproven."""
        with suppress(PlaywrightError, SetupFailed):
            send()
            self._stage.settle()
        self._look()

    # ---- what was seen

    def _look(self) -> None:
        stage = self._stage
        frames, room = stage.record().frames, stage.room
        texts = (text for frame in frames for text in frame.failures if text not in room.failures)
        self._failures = list(dict.fromkeys(texts))
        lines = (line.strip() for frame in frames for line in frame.body.splitlines())
        new = (line for line in lines if line and line not in self._before and room.tag not in line)
        self._lines = list(dict.fromkeys(new))
        if control_to_send_again(stage.page, stage.adapter) is not None:
            self._is_offered_again = True

    def _was_pending(self) -> bool:
        return any(self._stage.room.own(frame.unsent) for frame in self._stage.record().frames)

    def _is_incomplete(self) -> bool:
        adapter = self._stage.adapter
        return not (
            self._stage.claims_failure()
            and (self._was_pending() or not adapter.messages.pending)
            and (self._is_offered_again or adapter.send_again is None)
        )

    def _failure(self) -> Iterator[Premise]:
        failure, claim = self._stage.adapter.failure, self._stage.claims_failure()
        selector = Premise(
            key="failure.selector", value=failure.selector, state=State.MATCHED, seen=f"after {CERTAIN}"
        )
        if claim:
            yield selector
            yield Premise(key="failure.text", value=failure.text, state=State.MATCHED, seen=f"'{claim}'")
        elif self._failures:
            yield selector
            said = " / ".join(self._failures)[:MOST]
            seen = f"after {CERTAIN} it fits none of '{said}'"
            yield Premise(key="failure.text", value=failure.text, state=State.MISSED, seen=seen)
        elif self._lines:
            seen = f"nothing after {CERTAIN}; the page then said '{' / '.join(self._lines)[:MOST]}'"
            yield Premise(key="failure.selector", value=failure.selector, state=State.MISSED, seen=seen)
        else:
            seen = f"nothing, but the page said nothing new after {CERTAIN}: it breaks "
            seen += "refusal-restores-and-says-why, and other rules can't know its word for failed"
            yield Premise(key="failure.selector", value=failure.selector, state=State.NOT_TRIED, seen=seen)

    @staticmethod
    def _premise(key: str, value: str, seen: str, *, is_matched: bool) -> Premise:
        missed = f"matched nothing after {ALL_WAYS}"
        state = State.MATCHED if is_matched else State.MISSED
        return Premise(key=key, value=value, state=state, seen=seen if is_matched else missed)
