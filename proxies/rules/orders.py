"""Held mode: the requests an edge keeps until it is told what becomes of them, and the orders it takes.

In held mode no timer fires by the clock. An answer of the origin passes as usual unless an order says to hold
it; `expire` fires the timer that would have fired first. An order can also be a fault that happens once the
origin has answered; the record of each request shows whether it did. This module only keeps the books: it
touches no connection.
"""

from collections import deque
from collections.abc import Callable
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Protocol

import msgspec


class Action(StrEnum):
    """What becomes of a request."""

    HOLD = "hold"  # not even the origin's answer goes on until it is released or expired
    EXPIRE = "expire"  # the timer fires as soon as the whole request has gone to the origin
    RELEASE = "release"  # nothing is done to it
    CUT_HEADER = "cut-header"  # the timer fires when the origin's header is here, before any of it goes on
    CUT_BODY = "cut-body"  # the timer fires inside the body
    RESEND = (
        "resend"  # the origin has answered, and gets the request once more; the client has the second answer
    )
    MUTATE = "mutate"  # the answer goes on with the changes that every intermediary may make


FAULTS = (Action.CUT_HEADER, Action.CUT_BODY, Action.RESEND, Action.MUTATE)
MOST_SEEN = 10_000
"""Requests whose fate is kept: a test's, not a day's."""


class HeldRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request that waits for its answer.

    id: for `expire` and `release`. timer: the one that `expire` would fire. answered: the origin's answer has
    come and is being held.
    """

    id: int
    method: str
    path: str
    request: int
    timer: str
    answered: bool


class Seen(msgspec.Struct, kw_only=True):
    """One request as the edge saw it; the record outlives the request.

    id: its place among all requests of this edge, from 1. status: what the client was sent, 0 = nothing. end:
    how the answer ended: complete, cut, dropped (there was none), left (the client went away), '' = it has
    not ended. answer: the key of the edge's own answer, '' = the origin's. body_bytes: of the origin's body.
    ordered: the order for it. fired: whether the order was carried out.
    """

    id: int
    method: str
    path: str
    status: int = 0
    end: str = ""
    answer: str = ""
    body_bytes: int = 0
    ordered: Action | None = None
    fired: bool = False


class Next(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An order for requests to come. path: a pattern with * and ?. An empty path or method fits any.

    skip: how many requests that fit are left alone first. after: bytes of the body to pass on before a cut.
    """

    action: Action
    count: int = 1
    skip: int = 0
    after: int = 0
    method: str = ""
    path: str = ""

    def fits(self, method: str, path: str) -> bool:
        """Whether the order is for this request."""
        return self.method in ("", method) and (
            not self.path or fnmatchcase(path.partition("?")[0], self.path)
        )


class HeldList(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to `GET /held`."""

    held: list[HeldRequest]


class SeenList(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to `GET /seen`."""

    seen: list[Seen]


class HeldMode(Protocol):
    """One edge in held mode, as whoever drives it sees it: in this thread, in another, or over HTTP."""

    def held(self) -> list[HeldRequest]:
        """The requests that wait, oldest first."""

    def seen(self) -> list[Seen]:
        """Every request so far, oldest first."""

    def order_next(self, order: Next) -> None:
        """Say what becomes of the next `count` requests that fit."""

    def expire(self, number: int) -> bool:
        """Fire the deadline of one request; False when it no longer waits."""

    def release(self, number: int) -> bool:
        """Pass the origin's answer to one request on; False when it no longer waits."""


def fitting(edge: HeldMode, order: Next) -> list[HeldRequest]:
    """The waiting requests that an order would be for."""
    return [one for one in edge.held() if order.fits(one.method, one.path)]


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach the stream of a held request."""

    describe: Callable[[], HeldRequest]
    order: Callable[[bool], None]


class HeldRequests:
    """`HeldMode` of the edge itself: all requests that it holds, and the orders for those to come."""

    def __init__(self) -> None:
        self._holders: dict[int, Holder] = {}
        self._orders: deque[Next] = deque()
        self._seen: deque[Seen] = deque(maxlen=MOST_SEEN)
        self._last = 0

    def __repr__(self) -> str:
        return f"<HeldRequests {len(self._holders)} held, {len(self._orders)} orders>"

    def order_next(self, order: Next) -> None:
        """Say what becomes of the next `count` requests that fit."""
        if order.count > 0:
            self._orders.append(order)

    def order_for(self, method: str, path: str) -> Next | None:
        """The order for a new request, which is used up; None when there is none."""
        for order in self._orders:
            if not order.fits(method, path):
                continue
            if order.skip > 0:
                order.skip -= 1
                continue
            order.count -= 1
            if order.count == 0:
                self._orders.remove(order)
            return order
        return None

    def note(self, seen: Seen) -> None:
        """Record a request that has arrived."""
        self._seen.append(seen)

    def seen(self) -> list[Seen]:
        """Every request so far, oldest first."""
        return list(self._seen)

    def new_id(self) -> int:
        """The id of the next request."""
        self._last += 1
        return self._last

    def add(self, number: int, holder: Holder) -> None:
        """Add a request that waits."""
        self._holders[number] = holder

    def remove(self, number: int) -> None:
        """Remove a request that no longer waits."""
        self._holders.pop(number, None)

    def held(self) -> list[HeldRequest]:
        """The requests that wait, oldest first."""
        return [holder.describe() for holder in self._holders.values()]

    def expire(self, number: int) -> bool:
        """Fire the timer that would fire first; False when there is no such request."""
        return self._order(number, expire=True)

    def release(self, number: int) -> bool:
        """Let the origin's answer go on; False when there is no such request."""
        return self._order(number, expire=False)

    def _order(self, number: int, *, expire: bool) -> bool:
        holder = self._holders.get(number)
        if holder is not None:
            holder.order(expire)
        return holder is not None
