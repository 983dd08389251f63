"""Checks of what a page makes of an answer, and how it tells."""

from playwright.sync_api import Route

from firstbyte.harness.sendstate.checks.composing import REASON, SHORT
from firstbyte.harness.sendstate.outcome import require
from firstbyte.harness.sendstate.page_under_test import MARK, PageUnderTest
from firstbyte.harness.sendstate.page_watch import path_of


def truncated_2xx_is_not_success(stage: PageUnderTest) -> None:
    """A 200 that breaks off, for a message that never reached the server.

    Nothing can be read meanwhile: what the page makes of it stands until it has been seen.
    """
    stage.open()
    text = stage.room.tagged("half an answer")
    with stage.blind():
        url = stage.edge.cut_off.url
        with stage.sends.end_at(lambda route: _cut_off(route, url), "the answer has broken off"):
            stage.send(text)
        stage.wait.painted()
        before = len(stage.record().frames)
        stage.settle(SHORT)
    stage.settle()
    # The frame that was visible when the answer broke off counts too.
    frames = stage.record().frames[before - 1 :]
    require(
        holds=all(text not in frame.sent for frame in frames),
        or_else="after a 200 that broke off the message is shown as sent; the server has nothing",
    )


def injected_type_204_is_success(stage: PageUnderTest) -> None:
    """The server's answer as a 204 that is called text/html, and nothing else to know it by."""
    stage.open()
    text = stage.room.tagged("typed by the edge")
    with stage.blind():
        with stage.sends.end_at(_as_html_204, "the 204 is there"):
            stage.send(text)
        frame = stage.settle(SHORT)
        said = stage.claims_failure()
        require(holds=not said, or_else=f"the page said '{said}' of a 204")
        require(holds=text in frame.sent, or_else="after a 204 the message is not shown as sent")


def gateway_html_never_shown(stage: PageUnderTest) -> None:
    """A 524 with a page of its own."""
    stage.open()
    with stage.blind():
        stage.lost(stage.room.tagged("what do you see"))
        stage.settle(SHORT)
    stage.settle()
    shown = [frame.body for frame in stage.record().frames if MARK in frame.body]
    require(holds=not shown, or_else="the gateway's page was shown as text")
    markup = stage.page.locator(f"#{MARK}").count()
    require(holds=markup == 0, or_else="the gateway's page was put into the page as markup")


def state_is_announced(stage: PageUnderTest) -> None:
    """A 524 and a refusal, by ear."""
    stage.open()
    stage.wait.painted()
    with stage.blind():
        before = len(stage.record().announced)
        stage.lost(stage.room.tagged("out of sight"))
        stage.settle()
        require(
            holds=len(stage.record().announced) > before, or_else="after a 524 no live region said anything"
        )
    stage.settle()
    before = len(stage.record().announced)
    stage.refused(stage.room.tagged("turned down"), REASON)
    require(
        holds=stage.wait.comes_true(lambda: len(stage.record().announced) > before),
        or_else="after a refusal no live region said anything",
    )


def _cut_off(route: Route, url: str) -> None:
    route.continue_(url=url + path_of(route.request))


def _as_html_204(route: Route) -> None:
    answer = route.fetch()
    headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
    route.fulfill(status=204, headers={**headers, "content-type": "text/html"}, body="")
