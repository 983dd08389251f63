"""What becomes of the messages that a page sends: orders for its edge, or an answer in the edge's place."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
from playwright.sync_api import Page, Route

from firstbyte.harness.model.units import format_duration
from firstbyte.harness.problems import SetupFailed
from firstbyte.harness.sendstate.adapter import Adapter
from firstbyte.harness.sendstate.edge import HeldEdge
from firstbyte.harness.sendstate.page_wait import PageWait
from firstbyte.harness.sendstate.page_watch import PageWatch, address_pattern
from firstbyte.proxies.rules.orders import Action, Next


class Sends:
    """The sends of one page. note: called with what happens to them."""

    def __init__(
        self,
        page: Page,
        edge: HeldEdge,
        adapter: Adapter,
        watch: PageWatch,
        wait: PageWait,
        *,
        note: Callable[[str], None],
    ) -> None:
        self._page = page
        self._edge = edge
        self._request = adapter.send.request
        self._watch = watch
        self._wait = wait
        self._note = note
        self._caught: list[Callable[[], bool]] = []

    def __repr__(self) -> str:
        return f"<Sends {self._request}, {self._watch.ended_sends} ended>"

    def prove(self) -> None:
        """Every order and every handler has got a send. Raises SetupFailed with what the page sent instead.

        A verdict stands on this: what was never done to a send says nothing of the page.
        """
        missed = sum(not was_caught() for was_caught in self._caught)
        if missed:
            raise SetupFailed(
                f"{missed} of {len(self._caught)} faults met no send: {self._watch.unmatched_sends()}"
            )

    # ---- through the edge

    def order(self, action: Action, count: int = 1) -> Next:
        """Say what becomes of the next sends."""
        order = self._edge.order(action, self._request, "POST", count)
        self._caught.append(lambda: order.count < count)  # the edge counts down
        return order

    def expire(self, order: Next) -> None:
        """Fire the deadline of held sends; returns when the page has its answer.

        The page's clock goes to that moment first: a page with a deadline of its own before the edge's has
        acted by then.
        """
        ended = self._watch.ended_sends
        waiting = len(self._edge.held(order))
        if not waiting:
            raise SetupFailed(f"the edge holds no send to give up on: {self._watch.unmatched_sends()}")
        limit = self._edge.limit_of(order)
        self._note(f"{format_duration(limit)} pass")
        self._page.clock.run_for(limit // 1000)
        self._note("the edge answers for the server")
        self._edge.expire(order)
        self._wait.until(lambda: self._watch.ended_sends >= ended + waiting, "the edge's answer is there")

    def let_go(self, *orders: Next) -> None:
        """Take orders back and release what they hold."""
        waiting = [msgspec.structs.replace(order) for order in orders]
        self._edge.forget(*orders)
        for order in waiting:
            self._edge.release(order)

    # ---- in the edge's place

    @contextmanager
    def go(self, to: Callable[[Route], None]) -> Iterator[None]:
        """While this lasts, sends go to a handler instead of the edge."""
        pattern = address_pattern(self._request)

        caught: list[Route] = []
        self._caught.append(lambda: bool(caught))

        def handle(route: Route) -> None:
            caught.append(route)
            to(route)

        self._page.route(pattern, handle)
        try:
            yield
        finally:
            self._page.unroute(pattern, handle)

    @contextmanager
    def end_at(self, to: Callable[[Route], None], what: str) -> Iterator[None]:
        """The same for one send; it ends when the page has its answer. what: the answer, for messages."""
        with self.go(to), self.ended(what):
            yield

    @contextmanager
    def ended(self, what: str) -> Iterator[None]:
        """Wait at the end until a send that was made meanwhile has ended."""
        before = self._watch.ended_sends
        yield
        self._wait.until(lambda: self._watch.ended_sends > before, what)
