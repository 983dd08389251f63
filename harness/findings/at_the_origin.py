"""What the ledger and the origin's events show: what was durable when, what went on, what was done twice.

Pure. It must never count an effect itself: that is the ledger's.
"""

from firstbyte.harness.findings.on_the_wire import NOTICEABLE, is_resent_by_edge
from firstbyte.harness.findings.trace import Seen, Trace
from firstbyte.harness.model.judge import BODILESS, is_success
from firstbyte.harness.model.timeline import Actor, Kind
from firstbyte.harness.model.verdict import Belief, End

_DONE = (Kind.FIRST_TOKEN, Kind.FINISHED, Kind.FAILED)


def does_work_continue_after_cut(trace: Trace) -> bool:
    """An edge had answered or cut, and the origin worked on."""
    stopped = trace.stopped_at
    return stopped is not None and trace.work_after(stopped)


def does_work_continue_after_leave(trace: Trace) -> bool:
    """The client went away, and the origin worked on."""
    left = trace.first(Actor.CLIENT, Kind.LEFT)
    return left is not None and trace.work_after(left)


def is_result_late(trace: Trace) -> bool:
    """The origin's result or answer was there after somebody had answered for it."""
    stopped = trace.stopped_at
    done = trace.last(Actor.ORIGIN, Kind.FINISHED, Kind.HEADER_SENT, Kind.RESPONSE_COMPLETED)
    return stopped is not None and done is not None and done > stopped


def is_loop_blocked(trace: Trace) -> bool:
    """The origin noticed what came from outside only when a piece of its work was over.

    Either the end of its connection, or the request itself.
    """
    # Who still sends a header has not noticed the end of its connection either.
    noticed = trace.first(Actor.ORIGIN, Kind.CLIENT_GONE, Kind.HEADER_SENT)
    forwarded = trace.first(Actor.EDGE, Kind.REQUEST_FORWARDED)
    return _is_noticed_late(trace, _closed_towards_origin_at(trace), noticed) or _is_noticed_late(
        trace, forwarded, trace.arrived_at
    )


def did_answer_not_wait(trace: Trace) -> bool:
    """The whole answer was there in a tenth of the time the work took, or less."""
    one = trace.exchange
    finished = trace.last(Actor.ORIGIN, Kind.FINISHED)
    if not is_success(one) or one.end_at is None or one.took is None or finished is None:
        return False
    return finished - one.end_at >= NOTICEABLE and one.took * 10 <= finished - one.sent_at


def is_truncation_hidden(trace: Trace, meant: int | None) -> bool:
    """The end looked clean to the client, with less of the body than the origin meant to send.

    meant: bytes; negative when the origin could not bring its answer to its end.
    """
    one = trace.exchange
    has_body = one.method != "HEAD" and one.status not in BODILESS
    if meant is None or not has_body or not is_success(one) or is_resent_by_edge(trace):
        return False
    return meant < 0 or one.body_bytes < meant


def is_acked_before_durable(seen: Seen) -> bool:
    """The client had its success before the message was durable, or it never became durable."""
    acked, persisted = seen.acked_at, seen.persisted_at
    if acked is None:
        return False
    if persisted is None:
        return seen.effects == 0
    return acked < persisted or any(
        _died_with_ack(trace, killed) for trace in seen.traces for killed in seen.killed_at
    )


def is_lost_after_ack(seen: Seen) -> bool:
    """The client had its success, and nothing is there."""
    return seen.acked_at is not None and seen.effects == 0


def did_origin_die_before_durable(seen: Seen) -> bool:
    """The origin was killed with a request in hand that was not durable."""
    kills = seen.killed_at
    return any(_was_in_hand(trace, killed) for trace in seen.traces for killed in kills)


def is_resent_with_new_id(seen: Seen) -> bool:
    """The client sent one intent more than once, and the origin took it for more than one message."""
    ids = {message.id for message in seen.ledger.messages if message.intent == seen.intent}
    return bool(seen.intent) and len(seen.traces) > 1 and len(ids) > 1


def is_retry_safe(seen: Seen) -> bool:
    """The client sent one intent more than once, the origin had it more than once, and it counted once."""
    arrivals = sum(1 for trace in seen.traces if trace.arrived_at is not None)
    calls = seen.ledger.model_calls.get(seen.intent, 0)
    return len(seen.traces) > 1 and arrivals > 1 and seen.effects == 1 and calls <= 1


def is_belief_unsettled(seen: Seen) -> bool:
    """The client does not know, and nothing told it later."""
    return seen.judgement is not None and seen.judgement.belief is Belief.UNKNOWN


def never_arrived(seen: Seen) -> bool:
    """The client was told of a failure, and the origin, which tells of every request, never had this one."""
    return seen.ledger.tells_arrivals and any(_is_failed_before_origin(trace) for trace in seen.traces)


def _is_failed_before_origin(trace: Trace) -> bool:
    one = trace.exchange
    has_witness = trace.has_edge
    return has_witness and trace.arrived_at is None and not is_success(one) and one.end is not End.OPEN


def _died_with_ack(trace: Trace, killed: int) -> bool:
    """The client had its success of this request, and the origin died without ever storing it."""
    ended = trace.exchange.end_at
    was_acked = is_success(trace.exchange) and ended is not None and ended <= killed
    return was_acked and trace.arrived_at is not None and trace.first(Actor.ORIGIN, Kind.PERSISTED) is None


def _was_in_hand(trace: Trace, killed: int) -> bool:
    arrived, persisted = trace.arrived_at, trace.first(Actor.ORIGIN, Kind.PERSISTED)
    return arrived is not None and arrived <= killed and (persisted is None or persisted > killed)


def _closed_towards_origin_at(trace: Trace) -> int | None:
    """When the nearest peer of the origin closed on it."""
    if trace.has_edge:
        closed = [one.at for one in trace.all(Actor.EDGE, Kind.ORIGIN_CLOSED) if one.data.get("by") == "edge"]
        return max(closed, default=None)
    return trace.first(Actor.CLIENT, Kind.LEFT)


def _is_noticed_late(trace: Trace, happened: int | None, noticed: int | None) -> bool:
    if happened is None or noticed is None or noticed - happened < NOTICEABLE:
        return False
    steps = (*trace.all(Actor.ORIGIN, *_DONE), *trace.all(Actor.MODEL, *_DONE))
    return any(happened < step.at <= noticed for step in steps)
