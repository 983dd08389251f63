"""Looks for what an adapter names on a page, and says what is there instead."""

from collections.abc import Iterator, Sequence

import msgspec
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Locator, Page

from firstbyte.harness.sendstate.adapter import Adapter, Messages
from firstbyte.harness.sendstate.premises import Premise, State

SHOWN = """([where, text]) => [...document.querySelectorAll(where.selector)]
  .filter((one) => one.getClientRects().length > 0)
  .map((one) => {
    const inner = where.text ? one.querySelector(where.text) : one;
    const whole = (one.innerText ?? "").trim();
    return { whole, inner: inner ? (inner.innerText ?? "").trim() : null, mine: one.matches(where.mine),
      isOuter: [...one.querySelectorAll(where.selector)].some((below) => below.innerText?.includes(text)) };
  })"""
PLACE = """(text) => {
  const places = [...document.body.querySelectorAll("*")].filter((one) => one.innerText?.includes(text));
  const names = places.slice(-3).map((one) => one.cloneNode(false).outerHTML.replace(/<\\/[^>]*>$/, ""));
  return names.map((name) => name.slice(0, 120)).join(" ");
}"""


class _Shown(msgspec.Struct, frozen=True, kw_only=True):
    """An element that `messages.selector` matches. inner: the text inside, None where there is no such."""

    whole: str
    inner: str | None
    mine: bool
    is_outer: bool = msgspec.field(name="isOuter")


def bad_selectors(page: Page, adapter: Adapter) -> Iterator[Premise]:
    """Those that are no CSS: the recorder in the page uses them all."""
    messages, again = adapter.messages, adapter.send_again
    selectors = {
        "composer.selector": adapter.composer.selector,
        "messages.selector": messages.selector,
        "messages.mine": messages.mine,
        "messages.pending": messages.pending,
        "messages.text": messages.text,
        "failure.selector": adapter.failure.selector,
        "send_again.selector": again.selector if again else "",
    }
    for key, selector in selectors.items():
        try:
            if selector:
                page.evaluate("(selector) => void document.querySelector(selector)", selector)
        except PlaywrightError:
            yield Premise(key=key, value=selector, state=State.MISSED, seen="is no CSS selector")


def control_to_send_again(page: Page, adapter: Adapter) -> Locator | None:
    """The newest visible one; None where none is visible. A page may keep a hidden one in every message."""
    if adapter.send_again is None:
        return None
    visible = page.locator(adapter.send_again.selector).filter(visible=True)
    return visible.last if visible.count() else None


def counted(page: Page, selector: str) -> str:
    """How many elements a selector matches, for people."""
    number = page.locator(selector).count()
    return f"{number} element{'' if number == 1 else 's'}"


def message_premises(page: Page, messages: Messages, text: str, answers: Sequence[str]) -> Iterator[Premise]:
    """The keys of `messages`, looked up on a message that the server has taken.

    answers: what the server has of the other side; one that is shown must not be taken for the user's.
    """
    shown = msgspec.convert(page.evaluate(SHOWN, [msgspec.to_builtins(messages), text]), list[_Shown])
    found = [one for one in shown if text in one.whole]
    place = page.evaluate(PLACE, text)
    selector = Premise(
        key="messages.selector",
        value=messages.selector,
        state=State.MATCHED if found else State.MISSED,
        seen=f"{len(shown)} elements, {len(found)} with the text",
    )
    if not found:
        where = f"is in {place}" if place else "is nowhere on the page"
        yield msgspec.structs.replace(
            selector, seen=f"none of its {len(shown)} elements has the text that was sent, which {where}"
        )
        return
    if any(one.is_outer for one in found):
        seen = f"it matches an element around the message too, which is in {place}"
        yield msgspec.structs.replace(selector, state=State.MISSED, seen=seen)
        return
    yield selector
    yield _text(messages, found, text, place)
    yield _mine(messages, found, [one for one in shown if (one.inner or "") in answers])


def _text(messages: Messages, found: Sequence[_Shown], text: str, place: str) -> Premise:
    is_exact = any(one.inner == text for one in found)
    inner = found[-1].inner
    seen = (
        f"'{text}'"
        if is_exact
        else f"nothing inside the message, whose text is in {place}"
        if inner is None
        else f"'{inner}', where '{text}' was sent, which is in {place}"
    )
    key, state = "messages.text", State.MATCHED if is_exact else State.MISSED
    return Premise(key=key, value=messages.text, state=state, seen=seen)


def _mine(messages: Messages, found: Sequence[_Shown], answers: Sequence[_Shown]) -> Premise:
    wrong = next((one.inner for one in answers if one.mine), None)
    is_mine = any(one.mine for one in found)
    if not is_mine:
        seen = "does not match the user's message"
    elif wrong is not None:
        seen = f"matches the other side's '{wrong}' too"
    else:
        seen = "the user's message" + (", and no answer" if answers else "; there was no answer to compare")
    state = State.MATCHED if is_mine and wrong is None else State.MISSED
    return Premise(key="messages.mine", value=messages.mine, state=state, seen=seen)
