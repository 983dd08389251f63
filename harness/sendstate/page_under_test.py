"""One page behind one held edge, with verbs: what a check does to it and what it asks.

Waiting is always for something: a frame, an answer, the page's own timers run ahead by its clock. It must
never sleep, and never take the page's word for what the server has.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from playwright.sync_api import BrowserContext, Page, Route, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from firstbyte.harness.clock import monotonic_ns
from firstbyte.harness.model.units import Duration, format_duration, seconds
from firstbyte.harness.problems import BadInput, SetupFailed
from firstbyte.harness.sendstate.adapter import Adapter
from firstbyte.harness.sendstate.edge import HeldEdge
from firstbyte.harness.sendstate.outcome import Broken, NotApplicable
from firstbyte.harness.sendstate.page_watch import PageWatch, address_pattern
from firstbyte.harness.sendstate.seen import Frame, Record, Said
from firstbyte.harness.sendstate.timeline import story
from firstbyte.harness.sendstate.truth import Truthful
from firstbyte.proxies.rules.orders import Action, Next

PATIENCE = seconds(5)
SET_UP_PATIENCE = seconds(20)
"""For what a rule only waits for, and does not judge: a busy machine makes a heavy server slow."""
PAGE_SECONDS = (1, 1, 2, 4, 8, 16, 30)
"""How far the page's clock goes in one `settle`, step by step: a minute in all."""
MANY = 1_000
MARK = "gateway-page-7f3a"
GATEWAY_PAGE = (
    f"<!DOCTYPE html><html><head><title>524: A timeout occurred</title></head>"
    f'<body><h1 id="{MARK}">A timeout occurred</h1><p>{MARK}</p></body></html>'
)
RECORDER = Path(__file__).with_name("recorder.js")


class PageUnderTest:
    """A page under test. Made for one rule, thrown away afterwards."""

    def __init__(
        self, page: Page, edge: HeldEdge, adapter: Adapter, truth: Truthful, patience: Duration = PATIENCE
    ) -> None:
        self.page = page
        self.edge = edge
        self.adapter = adapter
        self.notes: list[tuple[int, str]] = []
        self._patience = patience
        self._truth = truth
        self._before_reload = Record(frames=(), announced=())
        self.watch = PageWatch(page, adapter)

    def __repr__(self) -> str:
        return f"<PageUnderTest {self.adapter.name} at {self.page.url}>"

    # ---- opening

    def open(self, url: str = "") -> None:
        """Load the page, wait until it can be used and its event stream is there."""
        self.note("opens the page")
        address = url or self.edge.url + self._truth.page()
        try:
            with _stopped_when_late(self.page):
                self.page.goto(address, timeout=self._opening_ms)
        except PlaywrightTimeout as error:
            raise SetupFailed(
                f"{self.adapter.name}: the page {address} does not come; see whether the server answers, and "
                f"'opening' ({format_duration(self.adapter.opening)}) of the adapter"
            ) from error
        self._until_ready()

    def reload(self) -> None:
        """What the user does when nothing moves."""
        self.note("reloads")
        self._before_reload = self.record()
        with _stopped_when_late(self.page):
            self.page.reload(timeout=self._opening_ms)
        self._until_ready()

    def another_tab(self) -> "PageUnderTest":
        """A second page at the same address."""
        if not self.adapter.session:
            raise NotApplicable("needs a second tab of the session: the adapter has no key 'session'")
        other = PageUnderTest(self.page.context.new_page(), self.edge, self.adapter, self._truth)
        with _stopped_when_late(other.page):
            other.page.goto(self.page.url, timeout=self._opening_ms)
        other._until_ready(needs_stream=False)
        return other

    def _until_ready(self, *, needs_stream: bool = True) -> None:
        ready = self.adapter.ready or self.adapter.composer.selector
        streams = self.watch.streams
        try:
            expect(self.page.locator(ready).first).to_be_attached(timeout=self._opening_ms)
            expect(self.page.locator(self.adapter.composer.selector)).to_be_editable(timeout=self._opening_ms)
        except AssertionError as error:
            raise BadInput(
                f"{self.adapter.name}: the page {self.page.url} does not get ready: "
                f"{str(error).splitlines()[0]}; see 'ready' ({ready}), 'composer.selector' "
                f"({self.adapter.composer.selector}) and 'opening' ({format_duration(self.adapter.opening)}) "
                f"of the adapter"
            ) from error
        if needs_stream and self.adapter.events is not None and not self._is_blind:
            self.until(lambda: self.watch.streams >= max(streams, 1), "its event stream is open")

    # ---- what the user does

    def write(self, text: str) -> None:
        """Put a text into the composer, in place of what is there."""
        self.note(f"types '{text}'")
        self.page.locator(self.adapter.composer.selector).fill(text)
        self.record()

    def press_send(self) -> None:
        """Send what the composer holds."""
        self.note("sends")
        send = self.adapter.send
        if send.key:
            self.page.locator(self.adapter.composer.selector).press(send.key)
        else:
            self.page.locator(send.button).click()

    def send(self, text: str) -> None:
        """Write and send."""
        self.write(text)
        self.press_send()

    # ---- what the edge and the network do

    def next_sends(self, action: Action, count: int = 1) -> Next:
        """An order for sends to come."""
        return self.edge.order(action, self.adapter.send.request, "POST", count)

    def given_up(self, text: str) -> None:
        """The user sends; the server stores it; the edge answers 524."""
        order = self.next_sends(Action.HOLD)
        self.send(text)
        self.until_server_has(text)
        self.expire(order)

    def expire(self, order: Next) -> None:
        """The deadline fires for held sends; returns when the page has its answer.

        The page's clock goes to that moment first: a page with a deadline of its own before the edge's has
        acted by then.
        """
        ended = self.watch.ended_sends
        waiting = len(self.edge.held(order))
        limit = self.edge.limit_of(order)
        self.note(f"{format_duration(limit)} pass")
        self.page.clock.run_for(limit // 1000)
        self.note("the edge answers for the server")
        self.edge.expire(order)
        self.until(lambda: self.watch.ended_sends >= ended + waiting, "the edge's answer is there")

    @contextmanager
    def sends_go(self, to: Callable[[Route], None]) -> Iterator[None]:
        """While this lasts, sends go to a handler instead of the edge."""
        pattern = address_pattern(self.adapter.send.request)

        def handle(route: Route) -> None:
            to(route)

        self.page.route(pattern, handle)
        try:
            yield
        finally:
            self.page.unroute(pattern, handle)

    def lost(self, text: str) -> None:
        """The user sends; a gateway answers 524; the server never hears of it."""
        self._answered_on_the_way(text, 524, GATEWAY_PAGE, "text/html; charset=UTF-8")  # as Cloudflare has it

    def refused(self, text: str, reason: str) -> None:
        """The user sends; the answer is a 400 that says why."""
        body = msgspec.json.encode({"name": "BadRequest", "data": {"message": reason}, "message": reason})
        self._answered_on_the_way(text, 400, body.decode(), "application/json")

    def _answered_on_the_way(self, text: str, status: int, body: str, content_type: str) -> None:
        ended = self.watch.ended_sends
        with self.sends_go(
            to=lambda route: route.fulfill(status=status, body=body, content_type=content_type)
        ):
            self.send(text)
            self.until(lambda: self.watch.ended_sends > ended, f"the {status} is there")

    @contextmanager
    def blind(self) -> Iterator[None]:
        """While this lasts, the page gets no event and can read nothing; afterwards all goes on."""
        paths = [kind.request for kind in (self.adapter.events, self.adapter.reads) if kind is not None]
        self.note("events and reads are held back")
        orders = [self.edge.order(Action.HOLD, path, "GET", MANY) for path in paths]
        self.edge.restart()
        yield
        self.note("events and reads go on")
        self.let_go(*orders)

    def let_go(self, *orders: Next) -> None:
        """Take orders back and release what they hold."""
        waiting = [msgspec.structs.replace(order) for order in orders]
        self.edge.forget(*orders)
        for order in waiting:
            self.edge.release(order)

    @property
    def _is_blind(self) -> bool:
        events = self.adapter.events
        return events is not None and self.edge.has_order(events.request)

    # ---- waiting

    def painted(self) -> None:
        """The page has drawn what it knows."""
        self.page.evaluate("window.__firstbyte.painted()")

    @property
    def _opening_ms(self) -> int:
        return self.adapter.opening // 1000

    @property
    def patience_ms(self) -> int:
        """How long the page may take for what it owes, for code that runs in the page."""
        return self._patience // 1000

    def until(self, is_true: Callable[[], bool], what: str) -> None:
        """Look again each frame. Raises SetupFailed when it does not come true."""
        if not self._is_true_within(SET_UP_PATIENCE, is_true):
            raise SetupFailed(f"{self.adapter.name}: waited in vain until {what}")

    def comes_true(self, is_true: Callable[[], bool]) -> bool:
        """Whether the page keeps its part: look again each frame, for as long as the subject is given."""
        return self._is_true_within(self._patience, is_true)

    def _is_true_within(self, patience: Duration, is_true: Callable[[], bool]) -> bool:
        end = monotonic_ns() + patience * 1000
        while not is_true():
            if monotonic_ns() > end:
                return False
            self.painted()
        return True

    def settle(self, steps: tuple[int, ...] = PAGE_SECONDS) -> Frame:
        """Let the page do all it would do in the next minute; returns what is visible then."""
        for step in steps:
            self.page.clock.run_for(step * 1000)
            self.painted()
            self._is_true_within(PATIENCE, self._is_quiet)
        self.painted()
        return self.record().now

    def _is_quiet(self) -> bool:
        held = self.edge.held_paths()
        return all(path in held for _, path in self.watch.open_paths())

    # ---- what is to be seen

    def record(self) -> Record:
        """What the user saw and was told so far."""
        seen = self.page.evaluate("({frames: __firstbyte.frames(), announced: __firstbyte.announced()})")
        record = msgspec.convert(seen, Record)
        before = self._before_reload
        return Record(frames=before.frames + record.frames, announced=before.announced + record.announced)

    def claims_failure(self, since: int = 0) -> str:
        """What the page said that a user reads as failed, from that frame on; '' if nothing."""
        pattern = re.compile(self.adapter.failure.text)
        frames = self.record().frames[since:]
        return next((text for frame in frames for text in frame.failures if pattern.search(text)), "")

    def send_again(self) -> bool:
        """Use what is offered for sending again: a control, or the text in the composer; False if nothing."""
        control = self.adapter.send_again
        button = self.page.locator(control.selector).first if control else None
        if button is not None and button.is_visible():
            self.note("sends again")
            button.click()
            return True
        if self.record().now.composer:
            self.press_send()
            return True
        return False

    # ---- the truth

    def server_has(self) -> list[Said]:
        """Every message of this session on the server, asked past the edge."""
        return self._truth.ask(self.page)

    def sent(self) -> list[str]:
        """The user's messages on the server."""
        return [said.text for said in self.server_has() if said.mine]

    def until_server_has(self, text: str) -> None:
        """The server has stored it."""
        self.until(lambda: text in self.sent(), f"the server has '{text}'")

    def require(self, *, holds: bool, or_else: str) -> None:
        """Raises Broken with `or_else` unless it holds."""
        if not holds:
            raise Broken(or_else)

    def note(self, text: str) -> None:
        """For the timeline."""
        self.notes.append((monotonic_ns() // 1000, text))

    def story(self) -> str:
        """All that happened so far on one axis: the check, the page, its requests, the edge."""
        return story(self.notes, self.record(), self.watch.told(), self.edge.events)


def in_context(context: BrowserContext, adapter: Adapter) -> None:
    """Prepare a context: the recorder first, so that it has the browser's own clock, then a clock to move."""
    wanted = {
        "composer": adapter.composer.selector,
        "messages": adapter.messages.selector,
        "mine": adapter.messages.mine,
        "pending": adapter.messages.pending,
        "text": adapter.messages.text,
        "failure": adapter.failure.selector,
    }
    context.add_init_script(
        f"({RECORDER.read_text(encoding='utf-8')})({msgspec.json.encode(wanted).decode()})"
    )
    context.clock.install()


@contextmanager
def _stopped_when_late(page: Page) -> Iterator[None]:
    """A page that is still on its way answers no question, and a question has no limit of its own."""
    try:
        yield
    except PlaywrightTimeout:
        page.context.new_cdp_session(page).send("Page.stopLoading")
        raise
