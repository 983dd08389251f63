"""One page behind one held edge, with the verbs of the contract: what a check does to it and what it asks.

Waiting is always for something: a frame, an answer, or the page's own timers, which are run ahead by its
clock. It must never sleep, and never take the page's word for what the server has.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec
from playwright.sync_api import Page, Route

from firstbyte.harness.model.units import Duration
from firstbyte.harness.sendstate.adapter import Adapter
from firstbyte.harness.sendstate.composer import Composer
from firstbyte.harness.sendstate.edge import HeldEdge
from firstbyte.harness.sendstate.loading import load, load_again
from firstbyte.harness.sendstate.looking import control_to_send_again
from firstbyte.harness.sendstate.notes import Notes
from firstbyte.harness.sendstate.outcome import NotApplicable
from firstbyte.harness.sendstate.page_wait import PATIENCE, PageWait
from firstbyte.harness.sendstate.page_watch import PageWatch
from firstbyte.harness.sendstate.room import Room
from firstbyte.harness.sendstate.seen import Frame, Record, Said
from firstbyte.harness.sendstate.sends import Sends
from firstbyte.harness.sendstate.timeline import story
from firstbyte.harness.sendstate.transcript import Transcript
from firstbyte.harness.sendstate.truth import Truthful
from firstbyte.proxies.rules.orders import Action

PAGE_SECONDS = (1, 1, 2, 4, 8, 16, 30)
"""How far the page's clock goes in one `settle`, step by step: a minute in all."""
MANY = 1_000
MARK = "gateway-page-7f3a"
GATEWAY_PAGE = (
    f"<!DOCTYPE html><html><head><title>524: A timeout occurred</title></head>"
    f'<body><h1 id="{MARK}">A timeout occurred</h1><p>{MARK}</p></body></html>'
)


class PageUnderTest:
    """A page under test. Made for one rule, thrown away afterwards.

    composer: its text field. sends: what becomes of what it sends. wait: waiting for it. watch: its requests.
    truth: the server's account. room: what the rule counts.
    """

    def __init__(
        self, page: Page, edge: HeldEdge, adapter: Adapter, truth: Truthful, patience: Duration = PATIENCE
    ) -> None:
        self.page = page
        self.edge = edge
        self.adapter = adapter
        self.truth = truth
        self.watch = PageWatch(page, adapter)
        self.wait = PageWait(page, adapter.name, patience)
        self.room = Room()
        self._notes = Notes()
        self._transcript = Transcript(page, adapter)
        self.composer = Composer(page, adapter, self._transcript, self._notes.add)
        self.sends = Sends(page, edge, adapter, self.watch, self.wait, note=self._notes.add)

    def __repr__(self) -> str:
        return f"<PageUnderTest {self.adapter.name} at {self.page.url}>"

    # ---- what the user does

    def open(self, url: str = "") -> None:
        """Load the page; wait until it can be used and its event stream is open."""
        self.note("opens the page")
        load(self.page, url or self.edge.url + self.truth.page(), self.adapter)
        self._until_stream()
        said = self.truth.ask_early(self.page)
        if said:  # the messages of earlier rules may take a moment to be shown
            self.wait.within(PATIENCE, lambda: _has(self.record().now, said))
        self.room.begin(said, self.record().now)

    def reload(self) -> None:
        """What the user does when nothing moves."""
        self.note("reloads")
        self._transcript.keep()
        load_again(self.page, self.adapter)
        self._until_stream()

    def _until_stream(self) -> None:
        events = self.adapter.events
        if events is not None and not self.edge.has_order(events.request):
            self.wait.until(lambda: self.watch.streams > 0, "its event stream is open")

    def send(self, text: str) -> None:
        """Write a text and send it."""
        self.composer.write(text)
        self.composer.send()

    def send_again(self) -> bool:
        """Use what is offered for sending again: a control, or the text in the composer; False if nothing."""
        button = control_to_send_again(self.page, self.adapter)
        if button is not None:
            self.note("sends again")
            button.click()
            return True
        if self.record().now.composer:
            self.composer.send()
            return True
        return False

    # ---- what the edge and the network do

    def given_up(self, text: str) -> None:
        """The user sends; the server stores it; the edge answers 524."""
        order = self.sends.order(Action.HOLD)
        self.send(text)
        self.until_server_has(text)
        self.sends.expire(order)

    def lost(self, text: str) -> None:
        """The user sends; a gateway answers 524; the server never hears of it."""
        content_type = "text/html; charset=UTF-8"  # as Cloudflare has it

        def answer(route: Route) -> None:
            route.fulfill(status=524, body=GATEWAY_PAGE, content_type=content_type)

        with self.sends.end_at(answer, "the 524 is there"):
            self.send(text)

    def refused(self, text: str, reason: str) -> None:
        """The user sends; the answer is a 400 that says why."""
        body = msgspec.json.encode({"name": "BadRequest", "data": {"message": reason}, "message": reason})

        def answer(route: Route) -> None:
            route.fulfill(status=400, body=body.decode(), content_type="application/json")

        with self.sends.end_at(answer, "the 400 is there"):
            self.send(text)

    @contextmanager
    def blind(self) -> Iterator[None]:
        """While this lasts, the page gets no event and can read nothing; afterwards all of it goes on."""
        paths = [kind.request for kind in (self.adapter.events, self.adapter.reads) if kind is not None]
        self.note("events and reads are held back")
        orders = [self.edge.order(Action.HOLD, path, "GET", MANY) for path in paths]
        self.edge.restart()
        yield
        self.note("events and reads go on")
        self.sends.let_go(*orders)

    # ---- what is to be seen

    def settle(self, steps: tuple[int, ...] = PAGE_SECONDS) -> Frame:
        """Let the page do all it would do in the next minute; returns what is visible then."""

        def is_quiet() -> bool:
            held = {one.path for one in self.edge.held()}
            return all(path in held for _, path in self.watch.open_paths())

        for step in steps:
            self.page.clock.run_for(step * 1000)
            self.wait.painted()
            self.wait.within(PATIENCE, is_quiet)
        self.wait.painted()
        return self.record().now

    def record(self) -> Record:
        """What the user saw and was told so far."""
        return self._transcript.record()

    def claims_failure(self, since: int = 0) -> str:
        """What the page said that a user reads as failed, from that frame on; '' if nothing."""
        return self._transcript.claims_failure(since, self.room.failures)

    # ---- the truth

    def server_has(self) -> list[Said]:
        """What the server has in this session since `open`, asked past the edge."""
        return self.room.new_said(self.truth.ask(self.page))

    def sent(self) -> list[str]:
        """The user's messages on the server since `open`."""
        return [said.text for said in self.server_has() if said.mine]

    def until_server_has(self, text: str) -> None:
        """Wait until the server has stored it."""
        self.wait.until(lambda: text in self.sent(), f"the server has '{text}'")

    # ---- the timeline

    def note(self, text: str) -> None:
        """Note what is done now."""
        self._notes.add(text)

    def story(self) -> str:
        """All that happened so far on one axis: the check, the page, its requests, the edge."""
        return story(self._notes.entries, self.record(), self.watch.events(), self.edge.events)


def _has(frame: Frame, said: Sequence[Said]) -> bool:
    """Whether a frame shows what the server has."""
    shown = Counter((one.text, one.mine) for one in frame.messages)
    return Counter((one.text, one.mine) for one in said) <= shown


def another_tab(first: PageUnderTest) -> PageUnderTest:
    """A second page at the same address; its event stream need not be open."""
    if not first.adapter.session:
        raise NotApplicable("needs a second tab of the session: the adapter has no key 'session'")
    other = PageUnderTest(first.page.context.new_page(), first.edge, first.adapter, first.truth)
    load(other.page, first.page.url, first.adapter)
    return other
