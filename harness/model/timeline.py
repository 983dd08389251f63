"""What happened in one run, in order: events seen from several places, joined on one time axis.

The findings, the pictures and the comparison of modes read it. It does not interpret the events.
"""

from collections.abc import Iterable
from enum import StrEnum
from functools import cached_property

import msgspec


class Actor(StrEnum):
    """Who saw the event or caused it."""

    CLIENT = "client"
    EDGE = "edge"
    ORIGIN = "origin"
    MODEL = "model"
    PAGE = "page"


class Kind(StrEnum):
    """What happened: past facts. The comment gives the keys of `data`."""

    # client
    CONNECTED = "connected"
    REQUEST_SENT = "request-sent"  # method, path, bytes
    FIRST_BYTE = "first-byte"
    INTERIM = "interim"  # status
    HEADER_LINE = "header-line"  # count: lines seen so far, without the blank line
    HEADER_COMPLETED = "header-completed"  # status
    BODY = "body"  # bytes
    ENDED = "ended"  # end: complete | truncated | reset | open
    LEFT = "left"  # the client went away on purpose
    REFUSED = "refused"  # no connection
    # edge (data has hop: 0 is the one next to the client)
    REQUEST_RECEIVED = "request-received"  # method, path
    CONNECT_STARTED = "connect-started"  # attempt
    CONNECT_FAILED = "connect-failed"  # reason
    REQUEST_FORWARDED = "request-forwarded"  # attempt
    ORIGIN_READ = "origin-read"  # bytes (header bytes only; body reads are BODY)
    TIMER_ARMED = "timer-armed"  # timer, limit_us
    TIMER_FIRED = "timer-fired"  # timer, limit_us, tie: true when an origin byte came in the same microsecond
    TIMER_STOPPED = "timer-stopped"  # timer, left_us
    ANSWERED = "answered"  # status, answer: the edge answered for the origin
    CUT = "cut"  # ending, cause: the answer was broken off after its header
    RESENT = "resent"  # attempt, cause
    CLIENT_LEFT = "client-left"
    ORIGIN_CLOSED = "origin-closed"  # how: fin | rst, by: edge | origin
    HELD = "held"  # held mode: a timer that fires only on command
    MUTATED = "mutated"  # what
    # origin
    ARRIVED = "arrived"  # method, path, handler
    ADMITTED = "admitted"
    PERSISTED = "persisted"  # message
    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"
    ABORTED = "aborted"
    CLIENT_GONE = "client-gone"
    HEADER_SENT = "header-sent"
    PARTIAL_SENT = "partial-sent"
    RESPONSE_COMPLETED = "response-completed"
    BROKEN_OFF = "broken-off"  # the origin ended its answer before the announced end
    KILLED = "killed"
    RESTARTED = "restarted"
    HINDERED = "hindered"  # what: something outside the origin blocks it
    UNHINDERED = "unhindered"  # what
    # model
    MODEL_CALLED = "model-called"
    FIRST_TOKEN = "first-token"


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event. at: microseconds since the run began. request: our number of the HTTP request; 0 = none."""

    at: int
    actor: Actor
    kind: Kind
    request: int = 0
    data: dict[str, str | int | bool] = {}


class Timeline(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Events ordered by time; at the same microsecond in the order they were reported."""

    events: tuple[Event, ...]

    def of(self, actor: Actor, *kinds: Kind, request: int | None = None) -> tuple[Event, ...]:
        """The events of one actor, optionally of these kinds and of one request."""
        return tuple(
            [
                event
                for event in self._by_actor.get(actor, ())
                if (not kinds or event.kind in kinds) and (request is None or event.request == request)
            ]
        )

    @cached_property
    def _by_actor(self) -> dict[Actor, list[Event]]:
        by_actor: dict[Actor, list[Event]] = {}
        for event in self.events:
            by_actor.setdefault(event.actor, []).append(event)
        return by_actor


def join(*sources: Iterable[Event]) -> Timeline:
    """Merge the events of several reporters by time. At the same time, earlier sources come first."""
    events = [event for source in sources for event in source]
    return Timeline(events=tuple(sorted(events, key=lambda event: event.at)))
