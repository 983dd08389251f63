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
    other.send(stage.room.tagged("from elsewhere"))
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
    stored, unsent = map(stage.room.tagged, ("stored before the reload", "never left the building"))
    stage.send(stored)
    stage.until_server_has(stored)
    stage.reload()
    stage.sends.let_go(order)
    stage.settle()
    require(
        holds=stage.wait.comes_true(lambda: stored in stage.record().now.sent),
        or_else="a message the server has is not shown as sent",
    )
    waiting: list[Route] = []
    with stage.sends.go(to=waiting.append):
        stage.send(unsent)
        stage.wait.until(lambda: bool(waiting), "the send is under way")
        before = len(stage.record().frames)
        stage.reload()
        stage.settle()
        with suppress(PlaywrightError):  # the reload has cancelled it
            waiting[0].abort()
    frames = stage.record().frames[before:]
    require(
        holds=all(unsent not in frame.sent for frame in frames),
        or_else="a message the server has not got is shown as sent after the reload",
    )


def usable_while_six_hang(stage: PageUnderTest) -> None:
    """Six sends without an answer, then a read from within the page."""
    stage.open()
    room = stage.room
    order = stage.sends.order(Action.HOLD, count=len(SIX))
    texts = [room.tagged(text) for text in SIX]
    for text in texts:
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
        holds=stage.wait.comes_true(lambda: sorted(room.own(stage.sent())) == sorted(texts)),
        or_else=f"of six messages the server has {len(room.own(stage.sent()))}",
    )


def offline_and_back(stage: PageUnderTest) -> None:
    """The network goes in mid-send, the user goes on, the network comes back."""
    stage.open()
    room = stage.room
    before, inside = map(room.tagged, ("before the tunnel", "in the tunnel"))
    with stage.blind():
        stage.sends.order(Action.HOLD)
        stage.send(before)
        stage.until_server_has(before)
        stage.note("the network goes")
        stage.page.context.set_offline(True)
        stage.edge.stop()
    stage.settle()
    stage.send(inside)
    stage.settle()
    stage.note("the network comes back")
    stage.edge.start()
    stage.page.context.set_offline(False)
    stage.settle(SECONDS_TO_RECOVER)
    is_true = stage.wait.comes_true(
        lambda: set(room.own(stage.record().now.sent)) == set(room.own(stage.sent()))
    )
    frame = stage.record().now
    shown, sent = (room.plain(room.own(texts)) for texts in (frame.sent, stage.sent()))
    require(holds=is_true, or_else=f"online again for seconds, shown as sent: {shown}; the server has {sent}")
    kept = (*frame.sent, *frame.unsent, frame.composer)
    require(holds=inside in kept, or_else="what was sent offline is gone")


def _missing(stage: PageUnderTest) -> list[str]:
    frame = stage.room.new_shown(stage.record().now)
    shown = {one.text for one in frame.messages}
    missing = [said.text for said in stage.server_has() if said.text not in shown]
    return [f"'{text}'" for text in stage.room.plain(missing)]
