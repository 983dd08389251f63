"""Rules about one recorded exchange and what each edge would have made of it. Pure.

An id that is also in the table for runs means the same here. No rule may depend on the name of an edge.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import msgspec

from firstbyte.harness.model.interim import interim_action
from firstbyte.harness.model.prediction import Outcome, Prediction
from firstbyte.harness.model.profile import InterimAction, Profile
from firstbyte.harness.model.recording import WireSeen
from firstbyte.harness.model.units import Duration, seconds
from firstbyte.harness.model.verdict import End

NOTICEABLE = seconds(1)
AT_ONCE = Duration(100_000)
"""Bytes within this time count as having come together."""
HEARTBEAT = seconds(15)
"""The longest silence of an event stream that the HTML standard advises."""
_NO_CONTENT = 204
_HARMFUL = (InterimAction.FINAL, InterimAction.REFUSE, InterimAction.STRAND)


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules look at. predictions: one for each of the `profiles`, for which it was made."""

    wire: WireSeen
    predictions: Sequence[Prediction] = ()
    profiles: Sequence[Profile] = ()

    @property
    def by_deadline(self) -> list[Prediction]:
        """The predictions in which a deadline ends the exchange."""
        return [one for one in self.predictions if one.outcome is Outcome.CUT and one.timer]

    def header(self, name: str) -> str:
        """Return the value of a header, or ''."""
        return next((value for key, value in self.wire.headers if key.lower() == name), "")

    @property
    def is_event_stream(self) -> bool:
        """Whether the answer is an event stream, by its Content-Type."""
        return self.header("content-type").lower().startswith("text/event-stream")


def find_recorded(recorded: Recorded) -> tuple[str, ...]:
    """Return the ids of the findings in the order of the table."""
    return tuple(id_ for id_, rule in RULES if rule(recorded))


def _is_withheld(seen: Recorded) -> bool:
    first = seen.wire.first_byte
    return any(one.at is not None and (first is None or one.at <= first) for one in seen.by_deadline)


def _is_partial(seen: Recorded) -> bool:
    wire = seen.wire
    began = wire.header_lines[0] if wire.header_lines else None if wire.interims else wire.first_byte
    if began is None:
        return False
    completed = wire.header if wire.header is not None else wire.end_at
    is_late = completed - began >= NOTICEABLE
    return is_late or (wire.header is None and wire.status is None and wire.end is not End.TRUNCATED)


def _is_silent_after_header(seen: Recorded) -> bool:
    return any(_cut_after_header(seen.wire, one) and not _bodies(seen.wire, one) for one in seen.by_deadline)


def _is_gap_too_long(seen: Recorded) -> bool:
    return any(not _flowed(seen.wire, one) for one in _cut_in_body(seen))


def _is_total_too_short(seen: Recorded) -> bool:
    return any(_flowed(seen.wire, one) for one in _cut_in_body(seen))


def _cut_in_body(seen: Recorded) -> list[Prediction]:
    return [one for one in seen.by_deadline if _cut_after_header(seen.wire, one) and _bodies(seen.wire, one)]


def _bodies(wire: WireSeen, one: Prediction) -> list[int]:
    """Return when body bytes came before the predicted cut."""
    return [at for at in wire.bodies if one.at is not None and at < one.at]


def _cut_after_header(wire: WireSeen, one: Prediction) -> bool:
    return wire.header is not None and one.at is not None and wire.header < one.at


def _flowed(wire: WireSeen, one: Prediction) -> bool:
    """The last body byte came noticeably less than the limit before the deadline."""
    last = _bodies(wire, one)[-1]
    return one.at is not None and one.limit is not None and one.at - last < one.limit - AT_ONCE


def _is_header_with_body(seen: Recorded) -> bool:
    """The header waited for the first body byte, although the body went on for a while."""
    wire = seen.wire
    if wire.header is None or not wire.bodies or wire.header < NOTICEABLE:
        return False
    is_together = wire.bodies[0] - wire.header < Duration(1_000) and wire.first_byte == wire.header
    return is_together and wire.bodies[-1] - wire.bodies[0] >= NOTICEABLE


def _does_interim_break(seen: Recorded) -> bool:
    statuses = {status for _, status in seen.wire.interims}
    return any(_breaks(profile, status) for profile in seen.profiles for status in statuses)


def _breaks(profile: Profile, status: int) -> bool:
    return interim_action(profile.interim, status) in _HARMFUL


def _is_sse_buffered(seen: Recorded) -> bool:
    """Several events came in one burst after a wait, or the stream's length was announced."""
    wire = seen.wire
    if not seen.is_event_stream or not wire.bodies:
        return False
    is_burst = wire.bodies[0] >= NOTICEABLE and wire.bodies[-1] - wire.bodies[0] < AT_ONCE
    has_several = _events(wire.body) > 1
    return (wire.framing == "length" and has_several) or (is_burst and has_several)


def _events(body: bytes) -> int:
    blocks = body.replace(b"\r\n", b"\n").split(b"\n\n")
    return sum(block.lstrip(b"\n").startswith((b"data", b"event", b"id")) for block in blocks)


def _lacks_heartbeat(seen: Recorded) -> bool:
    wire = seen.wire
    if not seen.is_event_stream or wire.header is None:
        return False
    times = [wire.header, *wire.bodies, wire.end_at]
    return any(later - before >= HEARTBEAT for before, later in pairwise(times))


def _is_204_framed(seen: Recorded) -> bool:
    return seen.wire.status == _NO_CONTENT and seen.wire.stray_bytes


def _has_bytes_after_end(seen: Recorded) -> bool:
    return seen.wire.status not in (None, _NO_CONTENT) and seen.wire.stray_bytes


def _lacks_type(seen: Recorded) -> bool:
    return seen.wire.status == _NO_CONTENT and not seen.header("content-type")


def _is_end_unmarked(seen: Recorded) -> bool:
    return seen.wire.framing == "close"


def _is_broken(seen: Recorded) -> bool:
    return seen.wire.status is not None and seen.wire.end in (End.TRUNCATED, End.RESET)


# Causes first, then consequences, as in the table for runs.
RULES: tuple[tuple[str, Callable[[Recorded], bool]], ...] = (
    ("header-withheld", _is_withheld),
    ("partial-header", _is_partial),
    ("header-held-until-body", _is_header_with_body),
    ("silence-longer-than-limit", _is_silent_after_header),
    ("gap-longer-than-limit", _is_gap_too_long),
    ("total-limit-cuts-stream", _is_total_too_short),
    ("sse-buffered", _is_sse_buffered),
    ("heartbeat-missing", _lacks_heartbeat),
    ("interim-breaks-edge", _does_interim_break),
    ("truncated-body", _is_broken),
    ("body-on-204", _is_204_framed),
    ("bytes-after-end", _has_bytes_after_end),
    ("end-not-marked", _is_end_unmarked),
    ("type-missing-on-204", _lacks_type),
)
