"""The checks, one function a rule, by the rule's id. A check returns, or raises Broken or NotApplicable."""

from collections.abc import Callable, Mapping

from firstbyte.harness.problems import SetupFailed
from firstbyte.harness.sendstate.checks import ambiguity, answers, composing, connection
from firstbyte.harness.sendstate.outcome import Broken
from firstbyte.harness.sendstate.page_under_test import PageUnderTest

CHECKS: Mapping[str, Callable[[PageUnderTest], None]] = {
    "restore-only-if-absent": ambiguity.restore_only_if_absent,
    "ambiguous-is-not-failed": ambiguity.ambiguous_is_not_failed,
    "transcript-equals-ledger": ambiguity.transcript_equals_ledger,
    "retry-reuses-id": ambiguity.retry_reuses_id,
    "double-enter-sends-once": composing.double_enter_sends_once,
    "typed-text-survives": composing.typed_text_survives,
    "refusal-restores-and-says-why": composing.refusal_restores_and_says_why,
    "truncated-2xx-is-not-success": answers.truncated_2xx_is_not_success,
    "injected-type-204-is-success": answers.injected_type_204_is_success,
    "gateway-html-never-shown": answers.gateway_html_never_shown,
    "answer-after-sse-cut": connection.answer_after_sse_cut,
    "reload-shows-truth": connection.reload_shows_truth,
    "state-is-announced": answers.state_is_announced,
    "usable-while-six-hang": connection.usable_while_six_hang,
    "offline-and-back": connection.offline_and_back,
}


def check(rule: str, stage: PageUnderTest) -> None:
    """Play the check of a rule. A verdict, whichever it is, stands only if every fault has met a send."""
    try:
        CHECKS[rule](stage)
    except (Broken, SetupFailed):  # a wait in vain may have this reason
        stage.sends.prove()
        raise
    stage.sends.prove()
