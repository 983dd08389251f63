"""Checks of the composer: Enter twice, text typed meanwhile, text given back."""

from playwright.sync_api import Route

from firstbyte.harness.sendstate.looking import control_to_send_again
from firstbyte.harness.sendstate.outcome import require
from firstbyte.harness.sendstate.page_under_test import PageUnderTest
from firstbyte.proxies.rules.orders import Action

REASON = "The model m-7 is not allowed for this key"
SHORT = (1, 1)


def double_enter_sends_once(stage: PageUnderTest) -> None:
    """Enter, Enter."""
    stage.open()
    order = stage.sends.order(Action.HOLD, count=2)
    text = stage.room.tagged("just once")
    stage.composer.write(text)
    stage.composer.send()
    stage.composer.send()
    stage.until_server_has(text)
    stage.sends.let_go(order)
    stage.settle()
    sent = stage.room.own(stage.sent())
    require(holds=len(sent) == 1, or_else=f"two Enters made {len(sent)} messages")


def typed_text_survives(stage: PageUnderTest) -> None:
    """Typed during a send that a 524 ends, and during one that is refused."""
    stage.open()
    order = stage.sends.order(Action.HOLD)
    first = stage.room.tagged("first")
    stage.send(first)
    stage.until_server_has(first)
    stage.composer.write("typed meanwhile")
    stage.sends.expire(order)
    composer = stage.settle().composer
    require(
        holds="typed meanwhile" in composer,
        or_else=f"after a 524 the composer holds '{composer}', not what was typed",
    )
    waiting: list[Route] = []
    with stage.sends.go(to=waiting.append):
        stage.send(stage.room.tagged("to be refused"))
        stage.wait.until(lambda: bool(waiting), "the send is under way")
        stage.composer.write("typed again")
        waiting[0].fulfill(status=400, json={"message": REASON})
        composer = stage.settle(SHORT).composer
    require(
        holds="typed again" in composer,
        or_else=f"after a refusal the composer holds '{composer}', not what was typed",
    )


def refusal_restores_and_says_why(stage: PageUnderTest) -> None:
    """A 400 with a reason; then no server at all."""
    stage.open()
    refused, unheard = map(stage.room.tagged, ("not like this", "nobody there"))
    stage.refused(refused, REASON)
    require(
        holds=stage.wait.comes_true(lambda: _is_given_back(stage, refused)),
        or_else="after a 400 the text is neither in the composer nor offered for sending again",
    )
    require(
        holds=stage.wait.comes_true(lambda: REASON in stage.record().now.body),
        or_else=f"the answer's reason is not shown: '{REASON}'",
    )
    stage.settle()
    stage.edge.stop()
    stage.send(unheard)
    is_back = stage.wait.comes_true(lambda: _is_given_back(stage, unheard))
    why = stage.claims_failure()
    stage.edge.start()
    require(
        holds=is_back,
        or_else="with no server the text is neither in the composer nor offered for sending again",
    )
    require(holds=bool(why), or_else="with no server the page does not say that the message was not sent")


def _is_given_back(stage: PageUnderTest, text: str) -> bool:
    frame = stage.record().now
    is_offered = control_to_send_again(stage.page, stage.adapter) is not None
    return (is_offered and text in frame.unsent) or text in frame.composer
