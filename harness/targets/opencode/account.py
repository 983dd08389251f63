"""Builds the account that the judge reads from what was observed of the server. Pure.

The observations are the messages the server lists afterwards, its announcements, its log and the calls of the
model. A message counts if the server lists it; its times are those of its announcements. What only a client
or an edge saw must never count.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from firstbyte.harness.model.scenario import Operation
from firstbyte.harness.origin.account import Account, Entry, StoredMessage
from firstbyte.harness.targets.opencode.events import IDLE, Announced
from firstbyte.harness.targets.opencode.log import Logged
from firstbyte.harness.targets.opencode.model import ModelCall
from firstbyte.harness.targets.opencode.settings import MODEL, SET_UP

_NAMELESS = (Operation.SUMMARIZE, Operation.INIT)
"""The server writes the prompts of these operations itself, so they don't contain the intent."""
MOST_SIGN_DELAY_US = 50_000
"""On an idle server the first sign came up to 30 ms after the stamp (1.18.33, 2026-11-27)."""
QUIET_US = 5_000_000
"""After this silence a missing message will not come. On a warm server all announcements of a prompt come
within 2 s of each other (measured on 1.18.33, 2026-11-22)."""


class SentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request of the script. message: the id that it chose, or ''. at_us: CLOCK_MONOTONIC."""

    number: int
    operation: Operation
    intent: str
    message: str
    at_us: int


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """A fault outside the server, as its proof says."""

    what: str
    began_us: int
    ended_us: int


class Observations(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was observed. messages: the JSON of GET /session/:id/message. unix_offset_us: added to
    Unix time it gives CLOCK_MONOTONIC.
    """

    sent: tuple[SentRequest, ...]
    messages: tuple[dict[str, Any], ...]
    announced: tuple[Announced, ...]
    calls: tuple[ModelCall, ...]
    logged: tuple[Logged, ...] = ()
    faults: tuple[Fault, ...] = ()
    unix_offset_us: int = 0


def account_of(observed: Observations, *, busy: int) -> Account:
    """Build the account."""
    owners = owners_of(observed)
    calls = _calls(observed, owners)
    entries = [*_losses(observed, owners), *_steps(observed, owners), *_model(calls), *_faults(observed)]
    entries = [*_arrivals(observed, entries), *entries]
    counts: dict[str, int] = {}
    for _, sent in calls:
        counts[sent.intent] = counts.get(sent.intent, 0) + 1
    return Account(
        events=tuple(sorted(entries, key=lambda entry: entry.at_us)),
        messages=tuple(_stored(observed, owners)),
        model_calls=counts,
        busy=busy,
    )


def owners_of(observed: Observations) -> dict[str, SentRequest]:
    """Map each user message to the request that it came from. Messages of the set-up have none."""
    owners: dict[str, SentRequest] = {}
    for message in observed.messages:
        if message["info"]["role"] != "user":
            continue
        fitting = [one for one in observed.sent if _comes_from(message, one, observed.messages)]
        free = [one for one in fitting if one not in owners.values()]
        if fitting:
            owners[message["info"]["id"]] = (free or fitting)[0]
    return owners


def _comes_from(message: dict[str, Any], sent: SentRequest, messages: Sequence[dict[str, Any]]) -> bool:
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
    """Yield the shell commands that were run for a message."""
    for one in messages:
        if one["info"].get("parentID") == message["info"]["id"]:
            for part in one["parts"]:
                yield str(part.get("state", {}).get("input", {}).get("command", ""))


def is_answered(observed: Observations, message: str) -> bool:
    """Whether the server lists a finished answer to the message."""
    return any(
        one["info"].get("parentID") == message and one["info"].get("time", {}).get("completed")
        for one in observed.messages
    )


def _stored(observed: Observations, owners: dict[str, SentRequest]) -> Iterator[StoredMessage]:
    for message in observed.messages:
        id_ = message["info"]["id"]
        owner = owners.get(id_)
        yield StoredMessage(id=id_, role=message["info"]["role"], intent=owner.intent if owner else None)


def _steps(observed: Observations, owners: dict[str, SentRequest]) -> Iterator[Entry]:
    """Yield persisted, started and finished, each at its first sign.

    An announcement can be some milliseconds late. An answer that has begun proves that its message exists.
    """
    for id_, owner in owners.items():
        own = [one.at_us for one in observed.announced if one.message == id_]
        answers = [one for one in observed.announced if one.parent == id_]
        begun = [one.at_us for one in answers] + _begun(observed, id_)
        done = [one for one in answers if one.is_completed]
        if own or begun:
            yield _entry(_stored_at(observed, id_, min(own + begun)), "persisted", owner, message=id_)
        if begun:
            yield _entry(min(begun), "started", owner, message=id_)
        if done:
            at = done[0].at_us if is_one_answer(done) else done[-1].at_us
            yield _entry(at, "finished", owner, message=id_)


def _stored_at(observed: Observations, message: str, sign_us: int) -> int:
    """Return the server's own stamp if it is at most MOST_SIGN_DELAY_US before the first sign, else the sign.

    Signs come late, and whether an answer came before its message was stored must not depend on that delay.
    """
    stamps = [
        one["info"]["time"]["created"] * 1_000 + observed.unix_offset_us
        for one in observed.messages
        if one["info"]["id"] == message
    ]
    return next((at for at in stamps if 0 <= sign_us - at <= MOST_SIGN_DELAY_US), sign_us)


def _begun(observed: Observations, message: str) -> list[int]:
    """Return when the server says that it began answers to the message."""
    return [
        one["info"]["time"]["created"] * 1_000 + observed.unix_offset_us
        for one in observed.messages
        if one["info"].get("parentID") == message
    ]


def is_one_answer(done: Sequence[Announced]) -> bool:
    """Whether all announcements are about the same answer."""
    return len({one.message for one in done}) == 1


def is_settled(observed: Observations, now_us: int, last_news_us: int) -> bool:
    """Whether all messages are answered and no more are to be expected.

    That is so when the server was idle after the last request, or when nothing has happened for QUIET_US.
    """
    last = max((one.at_us for one in observed.sent), default=0)
    ends = [fault.ended_us for fault in observed.faults]
    is_quiet = now_us - max(last, last_news_us, *ends, 0) > QUIET_US
    is_idle = any(one.state == IDLE and one.at_us > last for one in observed.announced)
    owners = owners_of(observed)
    is_all_answered = all(is_answered(observed, message) for message in owners)
    return is_all_answered and (is_quiet or (is_idle and bool(owners)))


def _calls(observed: Observations, owners: dict[str, SentRequest]) -> list[tuple[ModelCall, SentRequest]]:
    """Return each call of the user's model with the request that it was made for."""
    found: list[tuple[ModelCall, SentRequest]] = []
    for call in observed.calls:
        if call.model != MODEL or call.text.rstrip().endswith(SET_UP):
            continue
        before = [one for one in observed.sent if one.at_us <= call.at_us]
        named = [one for one in before if one.operation not in _NAMELESS and one.intent in call.text]
        nameless = [one for one in before if one.operation in _NAMELESS]
        fitting = named or nameless[-1:]
        stored = [one for one in fitting if one in owners.values()] or fitting
        if stored:
            earlier = sum(1 for _, sent in found if sent.intent == stored[0].intent)
            found.append((call, stored[min(earlier, len(stored) - 1)]))
    return found


def _model(calls: Sequence[tuple[ModelCall, SentRequest]]) -> Iterator[Entry]:
    for call, sent in calls:
        yield _entry(call.at_us, "model-called", sent)
        if call.token_us:
            yield _entry(call.token_us, "first-token", sent)


def _faults(observed: Observations) -> Iterator[Entry]:
    """Yield the faults as entries of the first request, for which they were made."""
    if not observed.sent:
        return
    for fault in observed.faults:
        for at, event in ((fault.began_us, "hindered"), (fault.ended_us, "unhindered")):
            yield Entry(at_us=at, event=event, request=observed.sent[0].number, detail={"what": fault.what})


def _losses(observed: Observations, owners: dict[str, SentRequest]) -> Iterator[Entry]:
    """Yield the failed writes as entries of the request whose message is missing."""
    for line in observed.logged:
        lost = [one for one in observed.sent if one.at_us <= line.at_us and one not in owners.values()]
        if lost and not line.arrived:
            yield _entry(line.at_us, "failed", lost[0])


def _arrivals(observed: Observations, entries: Sequence[Entry]) -> Iterator[Entry]:
    """Yield the arrivals. 1.2.x logs each request; otherwise the first thing done for it proves it."""
    for sent in observed.sent:
        shown = [one.at_us for one in entries if one.request == sent.number and one.intent]
        later = [one for one in observed.sent if one.operation is sent.operation and one.at_us > sent.at_us]
        until = later[0].at_us if later else None
        shown += [
            line.at_us
            for line in observed.logged
            if line.arrived == sent.operation
            and line.at_us >= sent.at_us
            and (until is None or line.at_us < until)
        ]
        if shown:
            yield _entry(min(shown), "arrived", sent)


def _entry(at_us: int, event: str, sent: SentRequest, message: str | None = None) -> Entry:
    return Entry(at_us=at_us, event=event, request=sent.number, intent=sent.intent, message=message)
