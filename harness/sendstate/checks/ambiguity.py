"""Checks of what a page does when an edge answers for a server that has the message."""

from firstbyte.harness.sendstate.outcome import require
from firstbyte.harness.sendstate.page_under_test import PageUnderTest


def restore_only_if_absent(stage: PageUnderTest) -> None:
    """A stored message behind a 524, nothing to know it by, then everything: its text must not come back."""
    stage.open()
    with stage.blind():
        stage.given_up("once only")
        stage.settle()
    stage.settle()
    require(
        holds=not stage.record().came_back("once only"),
        or_else="the text was put back into the composer although the server has the message",
    )


def ambiguous_is_not_failed(stage: PageUnderTest) -> None:
    """A stored message behind a 524, nothing to know it by, then everything."""
    stage.open()
    with stage.blind():
        stage.given_up("who knows")
        stage.settle()
        said = stage.claims_failure()
        require(holds=not said, or_else=f"the page said '{said}' while it could not know")
    stage.settle()
    said = stage.claims_failure()
    require(holds=not said, or_else=f"the page said '{said}' of a message the server has")


def transcript_equals_ledger(stage: PageUnderTest) -> None:
    """One accepted, one stored behind a 524, one lost."""
    stage.open()
    stage.send("accepted")
    stage.until_server_has("accepted")
    stage.given_up("stored all the same")
    stage.lost("lost on its way")
    stage.settle()
    if not stage.wait.comes_true(lambda: _differences(stage) == []):
        require(holds=False, or_else="; ".join(_differences(stage)))


def retry_reuses_id(stage: PageUnderTest) -> None:
    """A stored message behind a 524 while nothing can be read; the user sends again."""
    stage.open()
    with stage.blind():
        stage.given_up("only one of me")
        stage.settle()
        ended = stage.watch.ended_sends
        if stage.send_again():
            stage.wait.until(lambda: stage.watch.ended_sends > ended, "sending again has ended")
    stage.settle()
    texts = stage.sent()
    require(holds=texts == ["only one of me"], or_else=f"after sending again the server has {_listed(texts)}")


def _differences(stage: PageUnderTest) -> list[str]:
    frame = stage.record().now
    said = stage.server_has()
    mine = [one.text for one in said if one.mine]
    others = [one.text for one in said if not one.mine]
    found = []
    if list(frame.sent) != mine:
        found.append(f"shown as sent: {_listed(frame.sent)}; the server has {_listed(mine)}")
    if list(frame.answers) != others:
        found.append(f"answers shown: {_listed(frame.answers)}; the server has {_listed(others)}")
    return found


def _listed(texts: list[str] | tuple[str, ...]) -> str:
    return ", ".join(f"'{text}'" for text in texts) or "nothing"
