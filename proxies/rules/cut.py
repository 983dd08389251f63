"""Decides how an answer that breaks after its header ends for the client.

The first case of the profile's table that fits decides.
"""

from typing import NamedTuple

from firstbyte.harness.model.profile import Cause, Cut, Ending, Framing

#: Bytes that an edge keeps back when a break can lose them. nginx: proxy_buffer_size, one page.
KEPT_BACK = 4096


class Break(NamedTuple):
    """How to break an answer off. http2: an RST_STREAM code name or 'clean'."""

    http1: Ending
    http2: str
    loses_buffered: bool


def break_for(cut: Cut, cause: Cause, framing: Framing) -> Break:
    """The first case that fits; the general rule fills what it leaves open."""
    # A FIN between two chunks is a FIN, too.
    causes = {cause, Cause.FIN} if cause is Cause.FIN_AT_BOUNDARY else {cause}
    for case in cut.cases:
        fits = not case.causes or not causes.isdisjoint(case.causes)
        if fits and (not case.framings or framing in case.framings):
            return Break(case.http1 or cut.http1, case.http2 or cut.http2, case.loses_buffered)
    return Break(cut.http1, cut.http2, loses_buffered=False)


def holds_bytes(cut: Cut, framing: Framing) -> bool:
    """Whether this edge keeps body bytes back for such an answer, so that a break can lose them."""
    return any(case.loses_buffered and (not case.framings or framing in case.framings) for case in cut.cases)
