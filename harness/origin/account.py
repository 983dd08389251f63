"""Turns an origin's account into a Ledger and the origin's part of the timeline. Pure.

The account is the JSON of GET /_firstbyte/ledger. The reference server, the scripted origin and other targets
give it in the same form.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from firstbyte.harness.model.ledger import Ledger, Message
from firstbyte.harness.model.timeline import Actor, Event, Kind

_STAGES = ("arrived", "admitted", "persisted", "started", "finished", "failed", "aborted")
_MODEL = {Kind.MODEL_CALLED, Kind.FIRST_TOKEN}
_KINDS = {str(kind): kind for kind in Kind}
UNFINISHED = -1
"""Ledger.body_bytes of a request whose answer the origin could not complete."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the ledger. at_us: microseconds of the origin's monotonic clock."""

    at_us: int
    event: str
    request: int | str | None = None
    intent: str | None = None
    message: str | None = None
    detail: dict[str, Any] = {}


class StoredMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One durable message."""

    id: str
    role: str
    intent: str | None = None


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The whole document. busy: the number of prompts in progress, queued or not yet durable. tells_arrivals:
    a request without a row never arrived.
    """

    events: tuple[Entry, ...] = ()
    messages: tuple[StoredMessage, ...] = ()
    model_calls: dict[str, int] = {}
    busy: int = 0
    tells_arrivals: bool = True


def read_account(body: bytes) -> Account:
    """Decode the JSON. Raises msgspec.ValidationError if it is not an account."""
    return msgspec.json.decode(body, type=Account)


def ledger_of(account: Account) -> Ledger:
    """Return the Ledger of an account."""
    stages: dict[str, str] = {}
    for entry in account.events:
        if entry.intent and entry.event in _STAGES:
            stages[entry.intent] = entry.event
    return Ledger(
        messages=tuple(
            Message(id=message.id, intent=message.intent or "")
            for message in account.messages
            if message.role == "user"
        ),
        model_calls=dict(account.model_calls),
        stages=stages,
        body_bytes=_intended_bytes(account.events),
        tells_arrivals=account.tells_arrivals,
    )


def _intended_bytes(entries: Sequence[Entry]) -> dict[int, int]:
    intended: dict[int, int] = {}
    for entry in entries:
        request = _number(entry.request)
        if not request:
            continue
        if entry.event == Kind.RESPONSE_COMPLETED:
            size = entry.detail.get("body_bytes")
            intended.pop(request, None)
            if isinstance(size, int):
                intended[request] = size
        elif entry.event in (Kind.CLIENT_GONE, Kind.BROKEN_OFF):
            intended.setdefault(request, UNFINISHED)
    return intended


def events_of(account: Account, to_run_time: Callable[[int], int]) -> tuple[Event, ...]:
    """Return the origin's and the model's part of the timeline.

    Rows of requests without a number are left out, because they belong to the set-up.
    """
    events = []
    for entry in account.events:
        kind, request = _KINDS.get(entry.event), _number(entry.request)
        if kind is not None and request:
            actor = Actor.MODEL if kind in _MODEL else Actor.ORIGIN
            events.append(
                Event(
                    at=to_run_time(entry.at_us), actor=actor, kind=kind, request=request, data=_plain(entry)
                )
            )
    return tuple(events)


def _plain(entry: Entry) -> dict[str, str | int | bool]:
    data = {key: value for key, value in entry.detail.items() if isinstance(value, (str, int))}
    if entry.message:
        data["message"] = entry.message
    if entry.intent:
        data["intent"] = entry.intent
    return data


def _number(request: int | str | None) -> int:
    if isinstance(request, int):
        return request
    return int(request) if request and request.isdigit() else 0
