"""Checks of what a page does when its connection to the server goes and comes back."""

from contextlib import suppress

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Route

from firstbyte.harness.sendstate.outcome import NotApplicable, require
from firstbyte.harness.sendstate.page_under_test import MANY, PageUnderTest, another_tab
from firstbyte.proxies.rules.orders import Action

SIX = tuple(f"message {number}" for number in range(1, 7))
SECONDS_TO_RECOVER = (1, 1, 1, 1, 1)


def answer_after_sse_cut(stage: PageUnderTest) -> None:
    """The stream is away while a second tab gets an answer."""
    events = stage.adapter.events
    if events is None:
        raise NotApplicable("the adapter has no [events]")
    stage.open()
    stage.note("the event stream is cut")
    order = stage.edge.order(Action.EXPIRE, events.request, "GET", MANY)
    stage.edge.restart()
    other = another_tab(stage)
    other.send("from elsewhere")
    if not other.wait.comes_true(lambda: any(not said.mine for said in stage.server_has())):
        raise NotApplicable("the server gave no answer within seconds")
    other.page.close()
    stage.note("the event stream goes on")
    stage.edge.forget(order)
    stage.settle()
    is_all_there = stage.wait.comes_true(lambda: not _missing(stage))
    require(holds=is_all_there, or_else=f"not on the page without a reload: {', '.join(_missing(stage))}")


def reload_shows_truth(stage: PageUnderTest) -> None:
    """A reload in mid-send: with the message stored, and with it nowhere."""
    stage.open()
    order = stage.sends.order(Action.HOLD)
    stage.send("stored before the reload")
    stage.until_server_has("stored before the reload")
    stage.reload()
    stage.sends.let_go(order)
    stage.settle()
    require(
        holds=stage.wait.comes_true(lambda: "stored before the reload" in stage.record().now.sent),
        or_else="a message the server has is not shown as sent",
    )
    waiting: list[Route] = []
    with stage.sends.go(to=waiting.append):
        stage.send("never left the building")
        stage.wait.until(lambda: bool(waiting), "the send is under way")
        before = len(stage.record().frames)
        stage.reload()
        stage.settle()
        with suppress(PlaywrightError):  # the reload has cancelled it
            waiting[0].abort()
    frames = stage.record().frames[before:]
    require(
        holds=all("never left the building" not in frame.sent for frame in frames),
        or_else="a message the server has not got is shown as sent after the reload",
    )


def usable_while_six_hang(stage: PageUnderTest) -> None:
    """Six sends without an answer, then a read from within the page."""
    stage.open()
    order = stage.sends.order(Action.HOLD, count=len(SIX))
    for text in SIX:
        stage.send(text)
    can_read = stage.page.evaluate(
        "([url, ms]) => __firstbyte.reads(url, ms)", [stage.page.url, stage.wait.patience_ms]
    )
    stage.sends.let_go(order)
    require(
        holds=can_read is True,
        or_else=f"a read from within the page got no answer in {stage.wait.patience_ms} ms",
    )
    require(
        holds=stage.wait.comes_true(lambda: sorted(stage.sent()) == sorted(SIX)),
        or_else=f"of six messages the server has {len(stage.sent())}",
    )


def offline_and_back(stage: PageUnderTest) -> None:
    """The network goes in mid-send, the user goes on, the network comes back."""
    stage.open()
    with stage.blind():
        stage.sends.order(Action.HOLD)
        stage.send("before the tunnel")
        stage.until_server_has("before the tunnel")
        stage.note("the network goes")
        stage.page.context.set_offline(True)
        stage.edge.stop()
    stage.settle()
    stage.send("in the tunnel")
    stage.settle()
    stage.note("the network comes back")
    stage.edge.start()
    stage.page.context.set_offline(False)
    stage.settle(SECONDS_TO_RECOVER)
    is_true = stage.wait.comes_true(lambda: set(stage.record().now.sent) == set(stage.sent()))
    frame, sent = stage.record().now, stage.sent()
    require(
        holds=is_true,
        or_else=f"online again for seconds, shown as sent: {list(frame.sent)}; the server has {sent}",
    )
    kept = (*frame.sent, *frame.unsent, frame.composer)
    require(holds="in the tunnel" in kept, or_else="what was sent offline is gone")


def _missing(stage: PageUnderTest) -> list[str]:
    body = stage.record().now
    shown = {one.text for one in body.messages}
    return [f"'{said.text}'" for said in stage.server_has() if said.text not in shown]
