"""Findings: facts seen on the wire and in the ledger that explain a verdict. Pure.

To add one, write its rule in on_the_wire.py or at_the_origin.py, add it to the table _RULES below, and write
its texts in texts/ID.toml. What is found in recordings alone is in on_a_recording.py. A finding must never
change a verdict.
"""

from collections.abc import Callable, Sequence

from firstbyte.harness.findings import at_the_origin as origin
from firstbyte.harness.findings import on_the_wire as wire
from firstbyte.harness.findings.on_a_recording import RULES as RECORDED_RULES
from firstbyte.harness.findings.trace import Seen, Trace, see
from firstbyte.harness.model.judge import Judgement
from firstbyte.harness.model.ledger import Ledger
from firstbyte.harness.model.profile import Profile
from firstbyte.harness.model.timeline import Timeline
from firstbyte.harness.model.verdict import ClientExchange

type Rule = Callable[[Seen], bool]


def find(
    timeline: Timeline,
    exchanges: Sequence[ClientExchange],
    ledger: Ledger,
    judgement: Judgement | None,
    profile: Profile | None,
) -> tuple[str, ...]:
    """Return the ids of the findings in the order of the table.

    They are about the requests of the judged intent, or about all if nothing was judged. profile: the edge
    next to the client, or None.
    """
    seen = see(timeline, exchanges, ledger, judgement, profile)
    return tuple(id_ for id_, rule in _RULES if rule(seen))


def finding_ids() -> tuple[str, ...]:
    """Return all ids: first those of runs, then those of recordings alone."""
    return tuple(dict.fromkeys((*run_finding_ids(), *(id_ for id_, _ in RECORDED_RULES))))


def run_finding_ids() -> tuple[str, ...]:
    """Return the ids that can be found in a run, in the order of the table."""
    return tuple(id_ for id_, _ in _RULES)


def _any(question: Callable[[Trace], bool]) -> Rule:
    return lambda seen: any(map(question, seen.traces))


def _any_with_profile(question: Callable[[Trace, Profile | None], bool]) -> Rule:
    return lambda seen: any(question(trace, seen.profile) for trace in seen.traces)


def _any_body_on_204(seen: Seen) -> bool:
    meant = seen.ledger.body_bytes
    return any(wire.has_body_on_204(trace, meant.get(trace.exchange.id, 0)) for trace in seen.traces)


def _any_hidden_truncation(seen: Seen) -> bool:
    meant = seen.ledger.body_bytes
    return any(origin.is_truncation_hidden(trace, meant.get(trace.exchange.id)) for trace in seen.traces)


# In the order of reports: causes, what the edge did, consequences, what went right.
_RULES: tuple[tuple[str, Rule], ...] = (
    ("header-withheld", _any(wire.is_header_withheld)),
    ("partial-header", _any(wire.is_header_partial)),
    ("loop-blocked", _any(origin.is_loop_blocked)),
    ("upload-cut-by-limit", _any(wire.is_upload_cut)),
    ("silence-longer-than-limit", _any(wire.is_silent_after_header)),
    ("gap-longer-than-limit", _any(wire.is_gap_too_long)),
    ("total-limit-cuts-stream", _any(wire.is_stream_cut_by_total)),
    ("header-held-by-edge", _any_with_profile(wire.is_header_held)),
    ("interim-breaks-edge", _any_with_profile(wire.is_interim_harmful)),
    ("interim-does-not-help", _any_with_profile(wire.is_interim_useless)),
    ("origin-unreachable", _any(wire.is_origin_unreachable)),
    ("origin-closed-early", _any(wire.is_closed_by_origin)),
    ("origin-died-before-durable", origin.did_origin_die_before_durable),
    ("deadline-tie", _any(wire.is_tie)),
    ("answered-by-edge", _any(wire.is_answered_by_edge)),
    ("connection-lost-without-status", _any(wire.is_lost_without_status)),
    ("truncated-body", _any(wire.is_body_truncated)),
    ("truncated-looks-complete", _any_hidden_truncation),
    ("body-on-204", _any_body_on_204),
    ("told-to-retry", _any(wire.is_told_to_retry)),
    ("edge-resent-request", _any(wire.is_resent_by_edge)),
    ("request-never-arrived", origin.never_arrived),
    ("work-continued-after-cut", _any(origin.does_work_continue_after_cut)),
    ("client-left-work-went-on", _any(origin.does_work_continue_after_leave)),
    ("result-after-deadline", _any(origin.is_result_late)),
    ("resent-with-new-id", origin.is_resent_with_new_id),
    ("ack-before-durable", origin.is_acked_before_durable),
    ("lost-after-ack", origin.is_lost_after_ack),
    ("belief-unsettled", origin.is_belief_unsettled),
    ("safe-retry", origin.is_retry_safe),
    ("heartbeat-helps", _any_with_profile(wire.is_heartbeat_helpful)),
    ("answer-did-not-wait", _any(origin.did_answer_not_wait)),
)
