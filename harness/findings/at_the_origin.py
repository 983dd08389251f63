"""Rules about the origin: when a message was durable, which work continued, what was done twice. Pure.

The number of effects must come from the ledger and never be counted here.
"""

from firstbyte.harness.findings.on_the_wire import NOTICEABLE, is_resent_by_edge
from firstbyte.harness.findings.trace import Seen, Trace
from firstbyte.harness.model.judge import BODILESS, is_success
from firstbyte.harness.model.timeline import Actor, Kind
from firstbyte.harness.model.verdict import Belief, End

_DONE = (Kind.FIRST_TOKEN, Kind.FINISHED, Kind.FAILED)


def does_work_continue_after_cut(trace: Trace) -> bool:
    """The origin worked on after an edge had answered or cut the request."""
    stopped = trace.stopped_at
    return stopped is not None and trace.work_after(stopped)


def does_work_continue_after_leave(trace: Trace) -> bool:
    """The origin worked on after the client had left."""
    left = trace.first(Actor.CLIENT, Kind.LEFT)
    return left is not None and trace.work_after(left)


def is_result_late(trace: Trace) -> bool:
    """The origin's result or answer was ready only after an edge had answered for it."""
    stopped = trace.stopped_at
    done = trace.last(Actor.ORIGIN, Kind.FINISHED, Kind.HEADER_SENT, Kind.RESPONSE_COMPLETED)
    return stopped is not None and done is not None and done > stopped


def is_loop_blocked(trace: Trace) -> bool:
    """The origin noticed a request, or the end of its connection, only when a part of its work was done."""
    # An origin that still sends a header has not noticed the end of its connection either.
    noticed = trace.first(Actor.ORIGIN, Kind.CLIENT_GONE, Kind.HEADER_SENT)
    forwarded = trace.first(Actor.EDGE, Kind.REQUEST_FORWARDED)
    return _is_noticed_late(trace, _closed_towards_origin_at(trace), noticed) or _is_noticed_late(
        trace, forwarded, trace.arrived_at
    )


def did_answer_not_wait(trace: Trace) -> bool:
    """The whole answer was there within a tenth of the time of the work."""
    exchange = trace.exchange
    finished = trace.last(Actor.ORIGIN, Kind.FINISHED)
    if not is_success(exchange) or exchange.end_at is None or exchange.took is None or finished is None:
        return False
    return finished - exchange.end_at >= NOTICEABLE and exchange.took * 10 <= finished - exchange.sent_at


def is_truncation_hidden(trace: Trace, meant: int | None) -> bool:
    """The end looked clean to the client, but the body was shorter than the origin intended.

    meant: the intended bytes, negative if the origin could not complete its answer.
    """
    exchange = trace.exchange
    has_body = exchange.method != "HEAD" and exchange.status not in BODILESS
    if meant is None or not has_body or not is_success(exchange) or is_resent_by_edge(trace):
        return False
    return meant < 0 or exchange.body_bytes < meant


def is_acked_before_durable(seen: Seen) -> bool:
    """The client got its success before the message was durable, or the message never was."""
    acked, persisted = seen.acked_at, seen.persisted_at
    if acked is None:
        return False
    if persisted is None:
        return seen.effects == 0
    return acked < persisted or any(
        _died_with_ack(trace, killed) for trace in seen.traces for killed in seen.killed_at
    )


def is_lost_after_ack(seen: Seen) -> bool:
    """The client got its success, and nothing is stored."""
    return seen.acked_at is not None and seen.effects == 0


def did_origin_die_before_durable(seen: Seen) -> bool:
    """The origin was killed while it had a request that was not durable yet."""
    kills = seen.killed_at
    return any(_was_in_hand(trace, killed) for trace in seen.traces for killed in kills)


def is_resent_with_new_id(seen: Seen) -> bool:
    """The client sent one intent several times, and the origin made several messages of it."""
    ids = {message.id for message in seen.ledger.messages if message.intent == seen.intent}
    return bool(seen.intent) and len(seen.traces) > 1 and len(ids) > 1


def is_retry_safe(seen: Seen) -> bool:
    """The origin received one intent several times from the client, and counted it once."""
    arrivals = sum(1 for trace in seen.traces if trace.arrived_at is not None)
    calls = seen.ledger.model_calls.get(seen.intent, 0)
    return len(seen.traces) > 1 and arrivals > 1 and seen.effects == 1 and calls <= 1


def is_belief_unsettled(seen: Seen) -> bool:
    """The client does not know the result, and did not learn it later."""
    return seen.judgement is not None and seen.judgement.belief is Belief.UNKNOWN


def never_arrived(seen: Seen) -> bool:
    """The client was told of a failure, and the request never reached an origin that reports all."""
    return seen.ledger.tells_arrivals and any(_is_failed_before_origin(trace) for trace in seen.traces)


def _is_failed_before_origin(trace: Trace) -> bool:
    exchange = trace.exchange
    has_witness = trace.has_edge
    return (
        has_witness and trace.arrived_at is None and not is_success(exchange) and exchange.end is not End.OPEN
    )


def _died_with_ack(trace: Trace, killed: int) -> bool:
    """The client got its success for this request, and the origin died without having stored it."""
    ended = trace.exchange.end_at
    was_acked = is_success(trace.exchange) and ended is not None and ended <= killed
    return was_acked and trace.arrived_at is not None and trace.first(Actor.ORIGIN, Kind.PERSISTED) is None


def _was_in_hand(trace: Trace, killed: int) -> bool:
    arrived, persisted = trace.arrived_at, trace.first(Actor.ORIGIN, Kind.PERSISTED)
    return arrived is not None and arrived <= killed and (persisted is None or persisted > killed)


def _closed_towards_origin_at(trace: Trace) -> int | None:
    """Return when the origin's direct peer closed the connection."""
    if trace.has_edge:
        closed = [one.at for one in trace.all(Actor.EDGE, Kind.ORIGIN_CLOSED) if one.data.get("by") == "edge"]
        return max(closed, default=None)
    return trace.first(Actor.CLIENT, Kind.LEFT)


def _is_noticed_late(trace: Trace, happened: int | None, noticed: int | None) -> bool:
    if happened is None or noticed is None or noticed - happened < NOTICEABLE:
        return False
    steps = (*trace.all(Actor.ORIGIN, *_DONE), *trace.all(Actor.MODEL, *_DONE))
    return any(happened < step.at <= noticed for step in steps)
