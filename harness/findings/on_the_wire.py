"""Rules about the wire: when bytes came, who ended the wait, what the client got. Pure.

Each rule is a function of one request's Trace and belongs to one finding. What the origin stored must not
matter.
"""

from firstbyte.harness.findings.trace import Trace, is_broken
from firstbyte.harness.model.judge import is_success
from firstbyte.harness.model.profile import HoldHeader, Profile, Timer
from firstbyte.harness.model.timeline import Actor, Kind
from firstbyte.harness.model.units import seconds
from firstbyte.harness.model.verdict import End

NOTICEABLE = seconds(1)
"""Smaller differences are no finding: the header of a busy server may come in two pieces."""
_NO_CONTENT = 204


def is_header_withheld(trace: Trace) -> bool:
    """The origin had the request, and no byte came back before somebody stopped waiting."""
    stopped = trace.stopped_at
    if stopped is None or not _was_deadline(trace) or not _was_whole(trace, stopped):
        return False
    return not any(at < stopped for at in trace.bytes_from_origin())


def is_upload_cut(trace: Trace) -> bool:
    """A deadline fired before the edge had forwarded the whole request."""
    fired = trace.fired
    return fired is not None and trace.arrived_at is not None and not _was_whole(trace, fired.at)


def is_header_partial(trace: Trace) -> bool:
    """Bytes of the final header came, but its blank line came noticeably later or never."""
    partial = trace.partial_header_at
    if partial is None:
        return False
    completed = trace.header_from_origin_at
    limit = trace.stopped_at
    if limit is not None and partial >= limit:
        return False
    if limit is not None and (completed is None or completed >= limit):
        return True
    ended = completed if completed is not None else trace.exchange.end_at
    return ended is None or ended - partial >= NOTICEABLE


def is_silent_after_header(trace: Trace) -> bool:
    """A complete header came, but no body byte, and the deadline fired."""
    return _fired_after_header(trace) and not _bodies_before_stop(trace)


def is_gap_too_long(trace: Trace) -> bool:
    """Body bytes came, then a pause as long as the limit of the timer that fired."""
    bodies = _bodies_before_stop(trace)
    return _fired_after_header(trace) and bool(bodies) and not _flowed_until_stop(trace, bodies[-1])


def is_stream_cut_by_total(trace: Trace) -> bool:
    """Body bytes kept coming, and the deadline fired all the same."""
    bodies = _bodies_before_stop(trace)
    return _fired_after_header(trace) and bool(bodies) and _flowed_until_stop(trace, bodies[-1])


def is_answered_by_edge(trace: Trace) -> bool:
    """The client got a status that is not the origin's."""
    return bool(trace.all(Actor.EDGE, Kind.ANSWERED)) or trace.foreign_answer_at is not None


def is_header_held(trace: Trace, profile: Profile | None) -> bool:
    """The edge had the complete header noticeably before the client, or the client never got it."""
    got = trace.exchange.header_at
    if trace.has_edge:
        had = trace.edge_header_at
    elif profile is not None and profile.hold_header is not HoldHeader.NO:
        had = trace.first(Actor.ORIGIN, Kind.HEADER_SENT)
    else:
        return False
    if had is None:
        return False
    until = got if got is not None else trace.exchange.end_at
    return until is not None and until - had >= NOTICEABLE


def is_resent_by_edge(trace: Trace) -> bool:
    """One request of the client became several at the origin."""
    return bool(trace.all(Actor.EDGE, Kind.RESENT)) or len(trace.all(Actor.ORIGIN, Kind.ARRIVED)) > 1


def is_origin_unreachable(trace: Trace) -> bool:
    """The edge got no connection to the origin."""
    return bool(trace.all(Actor.EDGE, Kind.CONNECT_FAILED)) and trace.arrived_at is None


def is_closed_by_origin(trace: Trace) -> bool:
    """The origin closed the connection before its header was complete."""
    closed = [one.at for one in trace.all(Actor.EDGE, Kind.ORIGIN_CLOSED) if one.data.get("by") == "origin"]
    header, fired = trace.header_from_origin_at, trace.fired
    return any((header is None or at < header) and (fired is None or at < fired.at) for at in closed)


def is_interim_harmful(trace: Trace, profile: Profile | None) -> bool:
    """After a 1xx the edge answered at once, answered as it does not for silence, or gave no final answer."""
    interims = trace.interims()
    if not interims:
        return False
    for answered in trace.all(Actor.EDGE, Kind.ANSWERED):
        if (
            profile is not None
            and profile.interim.after
            and answered.data.get("answer") == profile.interim.after
        ):
            return True
        if trace.fired is None and 0 <= answered.at - interims[0].at < NOTICEABLE:
            return True
    exchange = trace.exchange
    return bool(exchange.interims) and exchange.status is None and is_broken(exchange)


def is_interim_useless(trace: Trace, profile: Profile | None) -> bool:
    """1xx answers came, but the wait for the header was cut as early as without them."""
    fired = trace.fired
    if fired is None or is_interim_harmful(trace, profile) or _fired_after_header(trace):
        return False
    forwarded = trace.first(Actor.EDGE, Kind.REQUEST_FORWARDED)
    began = trace.exchange.sent_at if forwarded is None else forwarded
    limit = fired.data.get("limit_us")
    was_longer = isinstance(limit, int) and fired.at - began > limit
    return not was_longer and any(event.at < fired.at for event in trace.interims())


def is_heartbeat_helpful(trace: Trace, profile: Profile | None) -> bool:
    """Heartbeats kept an answer alive past a limit at which silence would have been cut."""
    exchange = trace.exchange
    took = exchange.took
    if profile is None or trace.fired is not None or not is_success(exchange) or took is None:
        return False
    beats = len(trace.interims()) + max(len(trace.bodies()) - 1, 0)
    return beats > 0 and any(_would_have_cut(timer, took) for timer in profile.timers)


def has_body_on_204(trace: Trace, meant: int) -> bool:
    """A 204 had or announced a body, as the client received it or as the origin sent it.

    meant: the bytes of the body that the origin intended to send.
    """
    exchange = trace.exchange
    if exchange.status == _NO_CONTENT and (exchange.body_bytes > 0 or not exchange.framing_ok):
        return True
    sent = trace.all(Actor.ORIGIN, Kind.HEADER_SENT)
    return meant > 0 and any(event.data.get("status") == _NO_CONTENT for event in sent)


def is_body_truncated(trace: Trace) -> bool:
    """A status and a part of the body came, then the connection broke."""
    return trace.exchange.status is not None and is_broken(trace.exchange)


def is_lost_without_status(trace: Trace) -> bool:
    """The request was sent, and the connection ended without a status."""
    exchange = trace.exchange
    return (
        exchange.connected
        and exchange.request_left
        and exchange.status is None
        and exchange.end is not End.OPEN
    )


def is_told_to_retry(trace: Trace) -> bool:
    """The answer invites a retry although the origin had received the request."""
    return (
        bool(trace.exchange.retry_signals) and not is_success(trace.exchange) and trace.arrived_at is not None
    )


def is_tie(trace: Trace) -> bool:
    """A deadline fired in the same microsecond in which bytes of the origin came."""
    return any(event.data.get("tie") is True for event in trace.all(Actor.EDGE, Kind.TIMER_FIRED))


def _was_whole(trace: Trace, moment: int) -> bool:
    """The origin had the whole request at `moment`."""
    if not trace.has_edge:
        return trace.arrived_at is not None
    forwarded = trace.first(Actor.EDGE, Kind.REQUEST_FORWARDED)
    return forwarded is not None and forwarded <= moment


def _was_deadline(trace: Trace) -> bool:
    """A timer fired, or an edge that reports nothing answered with a gateway status."""
    return trace.fired is not None or trace.foreign_answer_at is not None


def _fired_after_header(trace: Trace) -> bool:
    fired, header = trace.fired, trace.header_from_origin_at
    return fired is not None and header is not None and header < fired.at


def _bodies_before_stop(trace: Trace) -> list[int]:
    stopped = trace.stopped_at
    return [at for at in trace.bodies() if stopped is None or at < stopped]


def _flowed_until_stop(trace: Trace, last_body: int) -> bool:
    """The last body byte came less than the limit before the deadline, so silence was not the reason."""
    fired = trace.fired
    limit = fired.data.get("limit_us") if fired else None
    return fired is not None and isinstance(limit, int) and fired.at - last_body < limit


def _would_have_cut(timer: Timer, took: int) -> bool:
    return timer.limit is not None and took > timer.limit and bool(timer.reset_by)
