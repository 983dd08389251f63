"""Checks of what a page does when an edge answers for a server that has the message."""

from firstbyte.harness.sendstate.outcome import require
from firstbyte.harness.sendstate.page_under_test import PageUnderTest


def restore_only_if_absent(stage: PageUnderTest) -> None:
    """A stored message behind a 524, nothing to know it by, then everything: its text must not come back."""
    stage.open()
    text = stage.room.tagged("once only")
    with stage.blind():
        stage.given_up(text)
        stage.settle()
    stage.settle()
    require(
        holds=not stage.record().came_back(text),
        or_else="the text was put back into the composer although the server has the message",
    )


def ambiguous_is_not_failed(stage: PageUnderTest) -> None:
    """A stored message behind a 524, nothing to know it by, then everything."""
    stage.open()
    with stage.blind():
        stage.given_up(stage.room.tagged("who knows"))
        stage.settle()
        said = stage.claims_failure()
        require(holds=not said, or_else=f"the page said '{said}' while it could not know")
    stage.settle()
    said = stage.claims_failure()
    require(holds=not said, or_else=f"the page said '{said}' of a message the server has")


def transcript_equals_ledger(stage: PageUnderTest) -> None:
    """One accepted, one stored behind a 524, one lost."""
    stage.open()
    accepted, stored, lost = map(stage.room.tagged, ("accepted", "stored all the same", "lost on its way"))
    stage.send(accepted)
    stage.until_server_has(accepted)
    stage.given_up(stored)
    stage.lost(lost)
    stage.settle()
    if not stage.wait.comes_true(lambda: _differences(stage) == []):
        require(holds=False, or_else="; ".join(_differences(stage)))


def retry_reuses_id(stage: PageUnderTest) -> None:
    """A stored message behind a 524 while nothing can be read; the user sends again."""
    stage.open()
    text = stage.room.tagged("only one of me")
    with stage.blind():
        stage.given_up(text)
        stage.settle()
        ended = stage.watch.ended_sends
        if stage.send_again():
            stage.wait.until(lambda: stage.watch.ended_sends > ended, "sending again has ended")
    stage.settle()
    texts = stage.room.own(stage.sent())
    listed = _listed(stage.room.plain(texts))
    require(holds=texts == [text], or_else=f"after sending again the server has {listed}")


def _differences(stage: PageUnderTest) -> list[str]:
    room = stage.room
    frame = room.new_shown(stage.record().now)
    said = stage.server_has()
    mine = room.plain(room.own(one.text for one in said if one.mine))
    shown = room.plain(room.own(frame.sent))
    others = [one.text for one in said if not one.mine]
    found = []
    if shown != mine:
        found.append(f"shown as sent: {_listed(shown)}; the server has {_listed(mine)}")
    if list(frame.answers) != others:
        found.append(f"answers shown: {_listed(frame.answers)}; the server has {_listed(others)}")
    return found


def _listed(texts: list[str] | tuple[str, ...]) -> str:
    return ", ".join(f"'{text}'" for text in texts) or "nothing"
