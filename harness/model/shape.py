"""A wire shape: what an origin puts on the wire and when, as steps.

It stands in for any origin: the scripted origin plays it in sim and in real mode, and the grid compares
products with it.
"""

from typing import Literal

import msgspec

from firstbyte.harness.model.units import Duration


class Wait(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="wait"):
    """Send nothing for so long."""

    duration: Duration = msgspec.field(name="for")


class WaitRequest(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="wait-request"
):
    """Wait until the request is in. part: its head, or all of it, as a shape without this step does first."""

    part: Literal["head", "all"] = "all"


class StopReading(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="stop-reading"
):
    """Stop reading the request: what the socket buffers can't hold stays with the sender."""


class Interim(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="interim"
):
    """A complete 1xx. times, every: send it so many times, so far apart."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    times: int = 1
    every: Duration = Duration(0)


class Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="head"):
    """The complete final header."""

    status: int = 200
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()


class PartialHead(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="partial-head"
):
    """Status line and headers without the blank line; a later raw step may end it."""

    status: int = 200
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()


class Chunk(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="chunk"
):
    """Body bytes in the framing that the last head announced. size: so many bytes instead of text.

    times, every: send them so many times, so far apart.
    """

    text: str = ""
    size: int = 0
    times: int = 1
    every: Duration = Duration(0)


class Raw(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="raw"):
    """Bytes as they are, in latin-1. times, every: send them so many times, so far apart."""

    text: str
    times: int = 1
    every: Duration = Duration(0)


class End(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="end"):
    """A proper end of the body in the announced framing; the connection stays open for the next request."""


class Reset(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="reset"
):
    """TCP RST."""


class Close(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="close"
):
    """FIN in both directions."""


class HalfClose(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="half-close"
):
    """FIN, still reading."""


class Hold(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="hold"):
    """Nothing more, until the other side closes."""


Step = (
    Wait
    | WaitRequest
    | StopReading
    | Interim
    | Head
    | PartialHead
    | Chunk
    | Raw
    | End
    | Reset
    | Close
    | HalfClose
    | Hold
)


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The request that a shape is meant for. The grid sends it; a scenario has its own steps.

    body_size, pace: a body of that many bytes, spread over `pace`. times, gap: so many requests, one after
    the other on one client connection, so far apart.
    """

    method: str = "POST"
    headers: tuple[tuple[str, str], ...] = ()
    body_size: int | None = None
    pace: Duration = Duration(0)
    times: int = 1
    gap: Duration = Duration(0)


class Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One wire shape. effects: how many durable effects its origin leaves after a whole request.

    Steps after the end of an answer belong to the next request on the same connection. A new connection
    starts at the first step, and so does a request after the last step. Durations suit limits of 60 s.
    """

    id: str
    title: str
    steps: tuple[Step, ...]
    source: str = ""
    effects: int = 1
    stands_for: tuple[str, ...] = ()  # W1..W12, handlers, runtimes
    request: Request = Request()
