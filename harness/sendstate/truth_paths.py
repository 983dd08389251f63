"""Looks up a message that was sent in what the server says it has, path by path."""

from collections.abc import Iterator

from firstbyte.harness.files.json_path import Json, select, steps_of, texts
from firstbyte.harness.sendstate.adapter import Truth
from firstbyte.harness.sendstate.premises import Premise, State

MOST = 200
"""Characters of JSON to quote."""


def truth_premises(truth: Truth, document: Json, text: str) -> Iterator[Premise]:
    """The paths of `truth`, looked up for a message of the user's that must be there.

    Each path is tried on what the one before led to; after one that leads nowhere the others say nothing.
    """
    found = select(document, truth.messages)
    yield _premise("messages", truth.messages, bool(found), _led(document, truth.messages, found))
    if not found:
        return
    said = [one for one in found if text in texts(one, truth.text)]
    some = [inner for one in found for inner in texts(one, truth.text)]
    seen = f"'{text}'" if said else f"no '{text}', which was sent; {_led(found[-1], truth.text, some[-3:])}"
    yield _premise("text", truth.text, bool(said), seen)
    if not said:
        return
    roles = texts(said[-1], truth.role)
    yield _premise("role", truth.role, bool(roles), _led(said[-1], truth.role, roles))
    if not roles:
        return
    others = [
        inner
        for one in found[found.index(said[0]) :]
        if truth.mine in texts(one, truth.role)
        for inner in texts(one, truth.text)
        if inner != text
    ]
    is_mine = truth.mine in roles
    seen = f"the role of the message that was sent is {', '.join(roles)}"
    if is_mine and others:
        seen = f"'{others[0]}', which was not sent, is taken for the user's too"
    yield _premise("mine", truth.mine, is_mine and not others, seen)


def _premise(key: str, value: str, is_proven: bool, seen: str) -> Premise:
    return Premise(
        key=f"truth.{key}", value=value, state=State.MATCHED if is_proven else State.MISSED, seen=seen
    )


def _led(document: Json, path: str, found: list[Json] | list[str]) -> str:
    """What a path led to; where it led nowhere, the step that did not and what is there."""
    if found:
        return f"{len(found)} found"
    done = ""
    for step in steps_of(path):
        longer = f"{done}[{step}]" if step == "*" or step.isdigit() else f"{done}.{step}".lstrip(".")
        if not select(document, longer):
            there = next(iter(select(document, done)), None)
            return f"'{step}' leads nowhere; there is {_shape(there)}"
        done = longer
    return f"leads to {_shape(select(document, path)[0])}, which is no text"


def _shape(value: Json) -> str:
    if isinstance(value, dict):
        return f"an object with {', '.join(map(repr, value)) or 'no key'}"[:MOST]
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return repr(value)[:MOST]
