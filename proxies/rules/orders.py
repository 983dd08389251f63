"""Held mode: the requests an edge keeps until somebody says what becomes of them.

In held mode no timer fires by the clock. A request whose answer the origin gives goes on as usual, unless
it was ordered to be held; `expire` fires the timer that would fire first. An order may also be a fault that
comes when the origin has answered, and what was seen of each request proves whether it did. Pure
bookkeeping: it must never touch a connection.
"""

from collections import deque
from collections.abc import Callable
from enum import StrEnum
from fnmatch import fnmatchcase

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
    """One request without an answer.

    `id` is for expire and release. answered: the origin's answer is here and waits.
    """

    id: int
    method: str
    path: str
    request: int
    timer: str
    answered: bool


class Seen(msgspec.Struct, kw_only=True):
    """One request as the edge had it; kept when it is over.

    id: its place among all requests of this edge, from 1. status: what the client was told, 0 = nothing. end:
    of its answer: complete, cut, dropped (none), left (the client went away), '' = under way. answer: the key
    of the edge's own answer, '' = the origin's. body_bytes: of the origin's body. ordered: what was to be
    done to it. fired: that it was done.
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
    """An order for requests to come. path: a pattern with * and ?; '' = any, as for method.

    skip: how many that fit go by before. after: bytes of the body that go on before it is cut.
    """

    action: Action
    count: int = 1
    skip: int = 0
    after: int = 0
    method: str = ""
    path: str = ""

    def fits(self, method: str, path: str) -> bool:
        """Whether it is meant for this request."""
        return self.method in ("", method) and (
            not self.path or fnmatchcase(path.partition("?")[0], self.path)
        )


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """A held request's way back to its stream."""

    describe: Callable[[], HeldRequest]
    order: Callable[[bool], None]


class HeldRequests:
    """All requests an edge holds."""

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
        """A request has come."""
        self._seen.append(seen)

    def seen(self) -> list[Seen]:
        """Every request that has come, oldest first."""
        return list(self._seen)

    def new_id(self) -> int:
        """An id for one more request."""
        self._last += 1
        return self._last

    def add(self, number: int, holder: Holder) -> None:
        """A request waits."""
        self._holders[number] = holder

    def remove(self, number: int) -> None:
        """A request waits no longer."""
        self._holders.pop(number, None)

    def listing(self) -> list[HeldRequest]:
        """All that wait, oldest first."""
        return [holder.describe() for holder in self._holders.values()]

    def order(self, number: int, *, expire: bool) -> bool:
        """Expire or release one; False when there is no such request."""
        holder = self._holders.get(number)
        if holder is None:
            return False
        holder.order(expire)
        return True
