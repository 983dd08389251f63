"""From what the server says afterwards (GET messages), what it announced meanwhile, and the model's calls to
the account that the judge reads. Pure.

A message counts when the server lists it; its times are those of its announcements. It must never count what
only a client or an edge saw.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from firstbyte.harness.model.scenario import Operation
from firstbyte.harness.origin.account import Account, Entry, StoredMessage
from firstbyte.harness.targets.opencode.events import Announced
from firstbyte.harness.targets.opencode.log import Logged
from firstbyte.harness.targets.opencode.model import Call
from firstbyte.harness.targets.opencode.settings import MODEL, SET_UP

_NAMELESS = (Operation.SUMMARIZE, Operation.INIT)
"""Their prompts are the server's own: the intent is not in them."""


HARDLY_US = 50_000
"""Microseconds. On an idle server the first sign came up to 30 ms after the stamp (1.18.33, 2026-11-27)."""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One request of the script. message: the id it chose, '' = none. at_us: CLOCK_MONOTONIC."""

    number: int
    operation: Operation
    intent: str
    message: str
    at_us: int


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Something outside the server that stood in its way, as its own proof tells."""

    what: str
    began_us: int
    ended_us: int


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """All there is to know. messages: the JSON of GET /session/:id/message. unix_offset_us: what makes
    CLOCK_MONOTONIC of Unix time.
    """

    sent: tuple[Sent, ...]
    messages: tuple[dict[str, Any], ...]
    announced: tuple[Announced, ...]
    calls: tuple[Call, ...]
    logged: tuple[Logged, ...] = ()
    faults: tuple[Fault, ...] = ()
    unix_offset_us: int = 0


def account_of(known: Known, *, busy: int) -> Account:
    """The account."""
    owners = owners_of(known)
    calls = _calls(known, owners)
    entries = [*_losses(known, owners), *_steps(known, owners), *_model(calls), *_faults(known)]
    entries = [*_arrivals(known, entries), *entries]
    counts: dict[str, int] = {}
    for _, sent in calls:
        counts[sent.intent] = counts.get(sent.intent, 0) + 1
    return Account(
        events=tuple(sorted(entries, key=lambda entry: entry.at_us)),
        messages=tuple(_stored(known, owners)),
        model_calls=counts,
        busy=busy,
    )


def owners_of(known: Known) -> dict[str, Sent]:
    """User message -> the request it came from. One request has one message; set-up has none."""
    owners: dict[str, Sent] = {}
    for message in known.messages:
        if message["info"]["role"] != "user":
            continue
        fitting = [one for one in known.sent if _comes_from(message, one, known.messages)]
        free = [one for one in fitting if one not in owners.values()]
        if fitting:
            owners[message["info"]["id"]] = (free or fitting)[0]
    return owners


def _comes_from(message: dict[str, Any], sent: Sent, messages: Sequence[dict[str, Any]]) -> bool:
    if sent.message:
        return bool(message["info"]["id"] == sent.message)
    match sent.operation:
        case Operation.SUMMARIZE:
            return any(part["type"] == "compaction" for part in message["parts"])
        case Operation.SHELL:
            return any(sent.intent in command for command in _commands_of(message, messages))
        case _:
            return any(sent.intent in part.get("text", "") for part in message["parts"])


def _commands_of(message: dict[str, Any], messages: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The shell commands that were run for a message."""
    for one in messages:
        if one["info"].get("parentID") == message["info"]["id"]:
            for part in one["parts"]:
                yield str(part.get("state", {}).get("input", {}).get("command", ""))


def is_answered(known: Known, message: str) -> bool:
    """The server lists a finished answer to it."""
    return any(
        one["info"].get("parentID") == message and one["info"].get("time", {}).get("completed")
        for one in known.messages
    )


def _stored(known: Known, owners: dict[str, Sent]) -> Iterator[StoredMessage]:
    for message in known.messages:
        id_ = message["info"]["id"]
        owner = owners.get(id_)
        yield StoredMessage(id=id_, role=message["info"]["role"], intent=owner.intent if owner else None)


def _steps(known: Known, owners: dict[str, Sent]) -> Iterator[Entry]:
    """Persisted, started, finished, each at the first sign of it.

    An announcement can be some milliseconds late; an answer that has begun shows that its message is there.
    """
    for id_, owner in owners.items():
        own = [one.at_us for one in known.announced if one.message == id_]
        answers = [one for one in known.announced if one.parent == id_]
        begun = [one.at_us for one in answers] + _begun(known, id_)
        done = [one for one in answers if one.is_completed]
        if own or begun:
            yield _entry(_stored_at(known, id_, min(own + begun)), "persisted", owner, message=id_)
        if begun:
            yield _entry(min(begun), "started", owner, message=id_)
        if done:
            at = done[0].at_us if is_one_answer(done) else done[-1].at_us
            yield _entry(at, "finished", owner, message=id_)


def _stored_at(known: Known, message: str, sign_us: int) -> int:
    """The first sign of it, or the server's own stamp when that is hardly earlier: signs come late, and what
    is told of an answer that left in between must not hang on that.
    """
    stamps = [
        one["info"]["time"]["created"] * 1_000 + known.unix_offset_us
        for one in known.messages
        if one["info"]["id"] == message
    ]
    return next((at for at in stamps if 0 <= sign_us - at <= HARDLY_US), sign_us)


def _begun(known: Known, message: str) -> list[int]:
    """When the server says that it began an answer to it."""
    return [
        one["info"]["time"]["created"] * 1_000 + known.unix_offset_us
        for one in known.messages
        if one["info"].get("parentID") == message
    ]


def is_one_answer(done: Sequence[Announced]) -> bool:
    """All of them tell of the same answer."""
    return len({one.message for one in done}) == 1


def _calls(known: Known, owners: dict[str, Sent]) -> list[tuple[Call, Sent]]:
    """Each call of the user's model, and the request it was made for."""
    found: list[tuple[Call, Sent]] = []
    for call in known.calls:
        if call.model != MODEL or call.text.rstrip().endswith(SET_UP):
            continue
        before = [one for one in known.sent if one.at_us <= call.at_us]
        named = [one for one in before if one.operation not in _NAMELESS and one.intent in call.text]
        nameless = [one for one in before if one.operation in _NAMELESS]
        fitting = named or nameless[-1:]
        stored = [one for one in fitting if one in owners.values()] or fitting
        if stored:
            earlier = sum(1 for _, sent in found if sent.intent == stored[0].intent)
            found.append((call, stored[min(earlier, len(stored) - 1)]))
    return found


def _model(calls: Sequence[tuple[Call, Sent]]) -> Iterator[Entry]:
    for call, sent in calls:
        yield _entry(call.at_us, "model-called", sent)
        if call.token_us:
            yield _entry(call.token_us, "first-token", sent)


def _faults(known: Known) -> Iterator[Entry]:
    """A fault stands on the lane of the first request: it was made for it."""
    if not known.sent:
        return
    for fault in known.faults:
        for at, event in ((fault.began_us, "hindered"), (fault.ended_us, "unhindered")):
            yield Entry(at_us=at, event=event, request=known.sent[0].number, detail={"what": fault.what})


def _losses(known: Known, owners: dict[str, Sent]) -> Iterator[Entry]:
    """A write that gave up, for the request whose message is not there."""
    for line in known.logged:
        lost = [one for one in known.sent if one.at_us <= line.at_us and one not in owners.values()]
        if lost and not line.arrived:
            yield _entry(line.at_us, "failed", lost[0])


def _arrivals(known: Known, entries: Sequence[Entry]) -> Iterator[Entry]:
    """1.2.x logs each request; else the first thing the server did for it shows that it was there."""
    for sent in known.sent:
        shown = [one.at_us for one in entries if one.request == sent.number and one.intent]
        later = [one for one in known.sent if one.operation is sent.operation and one.at_us > sent.at_us]
        until = later[0].at_us if later else None
        shown += [
            line.at_us
            for line in known.logged
            if line.arrived == sent.operation
            and line.at_us >= sent.at_us
            and (until is None or line.at_us < until)
        ]
        if shown:
            yield _entry(min(shown), "arrived", sent)


def _entry(at_us: int, event: str, sent: Sent, message: str | None = None) -> Entry:
    return Entry(at_us=at_us, event=event, request=sent.number, intent=sent.intent, message=message)
