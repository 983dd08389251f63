"""The terms of a verdict: how an answer ended, what the client believes, and what follows from both. Data."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec


class End(StrEnum):
    """How an answer ended, as the client saw it on the wire."""

    COMPLETE = "complete"
    TRUNCATED = "truncated"  # closed before the announced end
    RESET = "reset"
    OPEN = "open"  # the client went away or stopped waiting


class Belief(StrEnum):
    """What the client was told about its intent."""

    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"


class BeliefRule(StrEnum):
    """The client's policy.

    status: a 2xx with a complete body is ok, anything else failed (what the reported page does).
    careful: a gateway error or a lost connection after the request left is unknown, settled by a later read.
    """

    STATUS = "status"
    CAREFUL = "careful"


class Verdict(StrEnum):
    """What the client's belief and the ledger amount to, in the order in which the verdicts are tried."""

    DUPLICATE = "duplicate"
    PHANTOM_SUCCESS = "phantom-success"
    TRUNCATED = "truncated"
    PHANTOM_FAILURE = "phantom-failure"
    UNRESOLVED = "unresolved"
    REFUSED = "refused"
    DELIVERED = "delivered"

    @property
    def is_good(self) -> bool:
        """The client was told the truth."""
        return self in (Verdict.DELIVERED, Verdict.REFUSED)


MEANING: Mapping[Verdict, str] = {
    Verdict.DELIVERED: "told ok, and it happened once",
    Verdict.REFUSED: "told failed, and nothing happened",
    Verdict.PHANTOM_FAILURE: "told failed, but it happened",
    Verdict.PHANTOM_SUCCESS: "told ok, but nothing is there",
    Verdict.DUPLICATE: "one intent, done more than once",
    Verdict.TRUNCATED: "a good status, with part of the answer missing",
    Verdict.UNRESOLVED: "the client does not know, and nothing told it later",
}
"""What each verdict says to people, in every report."""


class ClientExchange(msgspec.Struct, frozen=True, kw_only=True):
    """One request as the client saw it. Times are microseconds since the run began; None = it never came.

    settled: the belief that a careful client got from a later read of the server.
    """

    id: int
    method: str
    path: str
    intent: str = ""
    sent_at: int = 0
    status: int | None = None
    first_byte_at: int | None = None
    header_at: int | None = None
    end_at: int | None = None
    end: End = End.OPEN
    body_bytes: int = 0
    connected: bool = True
    request_left: bool = True
    interims: tuple[int, ...] = ()
    retry_signals: tuple[str, ...] = ()
    body: str = ""  # the first kilobytes, for reports
    framing_ok: bool = True  # False: body bytes on a 204, or bytes after the end
    settled: Belief | None = None

    @property
    def took(self) -> int | None:
        """Microseconds from sending the request to the end of its answer; None = it never ended."""
        return None if self.end_at is None else self.end_at - self.sent_at
