"""Turns an origin's own account, the JSON of GET /_firstbyte/ledger, into a Ledger and the origin's part of
the timeline.

Pure. The same form for the reference server, the scripted shape and any target that answers it.
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
"""Ledger.body_bytes of a request whose answer the origin could not bring to its end: more than any client
can have.
"""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the ledger. at_us: monotonic microseconds of the origin's clock."""

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
    """The whole document. busy: work in progress, queued or not yet durable. tells_arrivals: a request of
    which it has no row never came.
    """

    events: tuple[Entry, ...] = ()
    messages: tuple[StoredMessage, ...] = ()
    model_calls: dict[str, int] = {}
    busy: int = 0
    tells_arrivals: bool = True


def read_account(body: bytes) -> Account:
    """Decode the JSON; raises msgspec.ValidationError when it is not an account."""
    return msgspec.json.decode(body, type=Account)


def ledger_of(account: Account) -> Ledger:
    """The Ledger of an account."""
    stages: dict[str, str] = {}
    for entry in account.events:
        if entry.intent and entry.event in _STAGES:
            stages[entry.intent] = entry.event
    return Ledger(
        messages=tuple(
            Message(id=one.id, intent=one.intent or "") for one in account.messages if one.role == "user"
        ),
        model_calls=dict(account.model_calls),
        stages=stages,
        body_bytes=_meant_bytes(account.events),
        tells_arrivals=account.tells_arrivals,
    )


def _meant_bytes(entries: Sequence[Entry]) -> dict[int, int]:
    meant: dict[int, int] = {}
    for entry in entries:
        request = _number(entry.request)
        if not request:
            continue
        if entry.event == Kind.RESPONSE_COMPLETED:
            size = entry.detail.get("body_bytes")
            meant.pop(request, None)
            if isinstance(size, int):
                meant[request] = size
        elif entry.event in (Kind.CLIENT_GONE, Kind.BROKEN_OFF):
            meant.setdefault(request, UNFINISHED)
    return meant


def events_of(account: Account, to_run_time: Callable[[int], int]) -> tuple[Event, ...]:
    """The origin's and the model's part of the timeline. Rows of requests without a number are
    left out: they are set-up."""
    found = []
    for entry in account.events:
        kind, request = _KINDS.get(entry.event), _number(entry.request)
        if kind is not None and request:
            actor = Actor.MODEL if kind in _MODEL else Actor.ORIGIN
            found.append(
                Event(
                    at=to_run_time(entry.at_us), actor=actor, kind=kind, request=request, data=_plain(entry)
                )
            )
    return tuple(found)


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
