"""An edge profile: what one proxy product does with a slow, broken or odd answer, as data.

Timers are the heart of it. First-byte, complete-header, between-reads, total, connect and write timers are
one type: they differ only in their limit and in what starts, resets and stops them. `Evidence` says where
each value comes from. The emulated edge, the predictor and the real products all read the same profile.
"""

from enum import StrEnum
from typing import Any

import msgspec

from firstbyte.harness.model.units import Duration


class Point(StrEnum):
    """A moment in one exchange, as the edge sees it. Timers name these."""

    CONNECT_STARTED = "connect-started"
    CONNECTED = "connected"
    REQUEST_STARTED = "request-started"  # the request's head has come in from the client
    REQUEST_READ = "request-read"  # some bytes of the request body have come in from the client
    REQUEST_RECEIVED = "request-received"  # the whole request has come in from the client
    REQUEST_SENT = "request-sent"  # the whole request has gone out to the origin
    SEND_BLOCKED = "send-blocked"  # the origin accepts no more of the request, so a write to it waits
    REQUEST_WRITTEN = "request-written"  # the origin has taken more of a request whose writing had to wait
    SEND_RESUMED = "send-resumed"  # no write to the origin waits any more
    ORIGIN_READ = "origin-read"  # any bytes from the origin
    FIRST_BYTE_READ = "first-byte-read"  # the first bytes of the answer, 1xx included
    INTERIM_RECEIVED = (
        "interim-received"  # a complete 1xx from the origin that the profile forwards or swallows
    )
    HEADER_COMPLETED = "header-completed"  # the blank line of the final header
    BODY_READ = "body-read"  # bytes of the body
    CLIENT_WRITE = "client-write"  # bytes sent to the client
    RESPONSE_COMPLETED = "response-completed"  # the last byte of the answer has been read
    UPGRADED = (
        "upgraded"  # a 101 has gone to the client; its bytes are now request-read, the origin's origin-read
    )
    NEVER = "never"


class Timer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One deadline of an edge.

    name: the product's own word for it. limit: microseconds; None = the product has no such limit by default.
    The timer runs from `starts_on` until any of `stops_on`; while it runs, each of `reset_by` sets it back to
    the full limit. answer: the key in `Profile.answers` of what the client gets when the timer fires before
    the header has been forwarded; "" = none: a held header goes out and the answer is cut (nginx: 200 without
    a body, then FIN). after_upload: a timer that fires while the client is sending gives its answer when the
    whole request is in; the rest of the request is read and dropped.

    A timer that ends with request-received waits for the client. It can't fire while the origin accepts
    nothing (send-blocked), because then nobody reads from the client.
    """

    name: str
    starts_on: Point
    stops_on: tuple[Point, ...]
    limit: Duration | None = None
    reset_by: tuple[Point, ...] = ()
    answer: str = "timeout"
    after_upload: bool = False


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One representation of an edge's own answer. text may hold {status} {reason} {host} {ray} {timestamp}
    {method} {path}.
    """

    text: str
    content_type: str = "text/html"
    accept: tuple[
        str, ...
    ] = ()  # media types in the request's Accept that choose this one; the first body is the default


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the client gets from the edge itself. status 0: no bytes at all, the connection is closed (h2:
    `h2_error`).
    """

    status: int
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    bodies: tuple[Body, ...] = ()
    keep_alive: bool = True
    h2_error: str = ""  # when set, an HTTP/2 client gets RST_STREAM with this code instead of an answer
    log: tuple[str, ...] = ()  # the product's own log lines, with the same placeholders


class Framing(StrEnum):
    """How the origin frames the body."""

    CHUNKED = "chunked"
    LENGTH = "length"
    CLOSE = "close"


class Cause(StrEnum):
    """Why an answer stops after its header has gone to the client."""

    TIMER = "timer"
    FIN = "fin"
    FIN_AT_BOUNDARY = (
        "fin-at-boundary"  # between two chunks: only the last chunk is missing. It is a `fin` too
    )
    RESET = "reset"
    GARBAGE = "garbage"


class Ending(StrEnum):
    """How the edge then ends it towards the client."""

    TRUNCATE = "truncate"  # close (FIN) without the last chunk or the announced length
    RESET = "reset"  # TCP RST
    CLEAN = "clean"  # a well-formed end: the client can't tell
    HANG = "hang"  # nothing, the connection stays open
    BAD_CHUNK = "bad-chunk"  # a malformed chunk, then FIN


class CutCase(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An exception to `Cut`: empty `causes` or `framings` mean all."""

    causes: tuple[Cause, ...] = ()
    framings: tuple[Framing, ...] = ()
    http1: Ending | None = None
    http2: str | None = None
    loses_buffered: bool = False  # body bytes read from the origin but not yet forwarded are lost


class Cut(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the client sees when the answer breaks after its header. http2: an RST_STREAM code name or
    'clean'.
    """

    http1: Ending = Ending.TRUNCATE
    http2: str = "INTERNAL_ERROR"
    cases: tuple[CutCase, ...] = ()


class InterimAction(StrEnum):
    """What the edge does with a 1xx from the origin."""

    FORWARD = "forward"
    SWALLOW = "swallow"
    FINAL = "final"  # taken as the final answer: no header timer any more
    REFUSE = "refuse"  # answered at once with answers['protocol-error']
    # taken as a final answer without a body: it is forwarded, and the client waits for another for ever.
    # The origin's real answer, which a real product gives to the next request, is dropped here.
    STRAND = "strand"


class Interim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Per status. on_101: forward or refuse.

    `resets` lists the statuses that count as Point.INTERIM_RECEIVED for timers.

    after: a 1xx makes later expiries of header timers give this answer instead (Cloudflare: 522 after a 102).
    most: more than this many in a row are a protocol error; None = no limit.
    """

    on_100: InterimAction = InterimAction.SWALLOW
    on_101: InterimAction = InterimAction.FORWARD
    on_102: InterimAction = InterimAction.FORWARD
    on_103: InterimAction = InterimAction.FORWARD
    resets: tuple[int, ...] = (100, 102, 103)
    after: str = ""
    most: int | None = None


class HoldHeader(StrEnum):
    """When the client gets the header of the origin's answer."""

    NO = "no"
    UNTIL_BODY = "until-body"  # with the first body byte, or the end
    UNTIL_END = "until-end"  # when the whole body is in (response buffering)


class CloseKind(StrEnum):
    """How one side is told that the exchange is over."""

    FIN = "fin"
    RST = "rst"
    NOTHING = "nothing"  # the connection is kept until the answer is complete or a timer fires


class OriginSide(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the origin sees. on_expiry: when a timer fires. on_client_leave: when the client goes away.

    on_unusable: when its answer is garbage, or leaves bytes on the connection that belong to no answer.
    """

    on_expiry: CloseKind = CloseKind.FIN
    on_client_leave: CloseKind = CloseKind.FIN
    on_unusable: CloseKind = CloseKind.FIN
    reuse: bool = True  # pooled keep-alive connections to the origin


class ResendCause(StrEnum):
    """What makes an edge send a request again."""

    TIMER = "timer"
    CLOSED = "closed"  # FIN or RST before any byte of the answer
    PARTIAL = "partial"  # FIN or RST in the header
    GARBAGE = "garbage"
    STALE = "stale"  # a pooled connection that turns out closed
    CONNECT = "connect"
    STATUS = "status"  # one of `statuses`


class Resend(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule for re-sending. attempts: requests in all, the first included. delay: between two of them."""

    methods: tuple[str, ...]
    causes: tuple[ResendCause, ...]
    attempts: int = 2
    statuses: tuple[int, ...] = ()
    delay: Duration = Duration(0)
    body: bool = True  # requests with a body too
    after_client_left: bool = False


class NotHttp(StrEnum):
    """What becomes of an answer that does not begin with a status line."""

    REFUSE = "refuse"  # answers['protocol-error']
    BODY_OF_200 = "body-of-200"  # HTTP/0.9: the bytes until the FIN are the body of a 200
    RAW = "raw"  # the same without a header: the bytes as they are, then FIN; HTTP/2 gets a 200


class TwoLengths(StrEnum):
    """What becomes of an answer with several Content-Length headers that differ."""

    REFUSE = "refuse"  # RFC 9112 6.3: answers['protocol-error']
    FIRST = "first"  # that one counts and goes on
    LAST = "last"
    BOTH = "both"  # the first counts, and all of them go on


class On204(StrEnum):
    """What becomes of a 204 with Transfer-Encoding: chunked or body bytes."""

    STRIP = "strip"
    PASS = "pass"
    REFUSE = "refuse"


class Mutation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes to the origin's answer. type_on_bare_204: Content-Type put on a 204 that has none; '' =
    untouched.
    """

    framed_204: On204 = On204.STRIP
    type_on_bare_204: str = ""
    replaces: tuple[int, ...] = ()  # origin statuses whose body the edge replaces by answers['replaced']
    adds: tuple[tuple[str, str], ...] = ()
    close_delimited_to_chunked: bool = True


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One edge. `answers` keys every profile has: timeout, connect-refused, connect-timeout, closed, reset,
    protocol-error.

    `closed` and `reset`: the origin went away before its header was complete. `partial`: the same, with
    header bytes seen. Optional: `stale` (a pooled connection turned out closed and the request is not sent
    again; falls back to `closed`),
    `client-left` (only its `log`: what the product logs when the client goes away), `replaced` (see
    Mutation.replaces).
    """

    id: str
    title: str
    timers: tuple[Timer, ...]
    answers: dict[str, Answer]
    summary: str = ""
    cut: Cut = Cut()
    interim: Interim = Interim()
    hold_header: HoldHeader = HoldHeader.NO
    buffer_request: bool = False
    max_answer_head: int = 65_536  # bytes; a longer head of an answer is a protocol error
    origin: OriginSide = OriginSide()
    resend: tuple[Resend, ...] = ()
    mutation: Mutation = Mutation()
    not_http: NotHttp = NotHttp.REFUSE
    two_lengths: TwoLengths = TwoLengths.REFUSE
    partial_header: str = (
        "partial"  # answers key when the origin closes inside its header; falls back to 'closed'
    )


class EvidenceKind(StrEnum):
    """How a value is known."""

    DOCUMENTED = "documented"
    MEASURED = "measured"
    SOURCE = "source"
    REPORTED = "reported"
    DERIVED = "derived"  # follows from another value of the profile; the note says how


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where values come from. keys: the profile keys it covers, 'timers.<name>.limit' or a prefix such as
    'answers.timeout'.
    """

    kind: EvidenceKind
    date: str
    keys: tuple[str, ...]
    url: str = ""
    version: str = ""
    note: str = ""


class Unknown(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key whose value nobody could confirm: the values it may have, and the one used if one is needed."""

    key: str
    allowed: tuple[Any, ...]
    assume: Any
    note: str = ""


class Evidence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a profile's values come from, and which of them nobody could confirm."""

    sources: tuple[Source, ...] = ()
    unknown: tuple[Unknown, ...] = ()
