"""The words and tones all reports share: what a verdict means, what the client was told, what the server has.

Pure.
"""

from collections.abc import Mapping

from firstbyte.harness.model.judge import Judgement
from firstbyte.harness.model.result import Outcome, Run
from firstbyte.harness.model.verdict import Belief, ClientExchange, End, Verdict
from firstbyte.harness.report.paint import Tone

OUTCOME_WORD: Mapping[Outcome, str] = {
    Outcome.PASS: "pass",
    Outcome.FAIL: "FAIL",
    Outcome.SETUP_ERROR: "setup",
    Outcome.HARNESS_ERROR: "bug",
    Outcome.NOT_APPLICABLE: "n/a",
}
OUTCOME_TONE: Mapping[Outcome, Tone] = {
    Outcome.PASS: Tone.GOOD,
    Outcome.FAIL: Tone.BAD,
    Outcome.SETUP_ERROR: Tone.DOUBTFUL,
    Outcome.HARNESS_ERROR: Tone.DOUBTFUL,
    Outcome.NOT_APPLICABLE: Tone.FAINT,
}
NOTHING = "-"


def verdict_tone(verdict: Verdict) -> Tone:
    """Good is green, an honest 'unknown' yellow, everything else red."""
    if verdict.is_good:
        return Tone.GOOD
    return Tone.DOUBTFUL if verdict is Verdict.UNRESOLVED else Tone.BAD


def belief_tone(belief: Belief) -> Tone:
    """As the client saw it, true or not."""
    return {Belief.OK: Tone.GOOD, Belief.FAILED: Tone.BAD, Belief.UNKNOWN: Tone.DOUBTFUL}[belief]


def short_time(microseconds: int) -> str:
    """A length of time for people, in 7 cells or fewer: '100.0s', '1.9s', '3ms', '40us', '0s'."""
    if microseconds == 0:
        return "0s"
    if microseconds < 1_000:
        return f"{microseconds}us"
    if microseconds < 1_000_000:
        return f"{microseconds / 1_000:.3g}ms"
    if microseconds < 100_000_000_000:
        return f"{microseconds / 1_000_000:.1f}s"
    return f"{microseconds / 3_600_000_000:.1f}h"


def status_word(exchange: ClientExchange) -> str:
    """'524', or '-' when there was none."""
    return str(exchange.status) if exchange.status is not None else NOTHING


def took(exchange: ClientExchange) -> str:
    """From sending to the end of the answer."""
    return short_time(exchange.took) if exchange.took is not None else NOTHING


def format_client_result(judgement: Judgement) -> str:
    """What the client was told, and by what: 'failed (524 after 100.0s)'."""
    exchange = judgement.exchange
    after = f" after {took(exchange)}" if exchange.took is not None else ""
    return f"{judgement.belief} ({_answer(exchange)}{after})"


def _answer(exchange: ClientExchange) -> str:
    if not exchange.connected:
        return "no connection"
    status = str(exchange.status) if exchange.status is not None else "no status"
    match exchange.end:
        case End.COMPLETE:
            return status
        case End.TRUNCATED:
            return f"{status}, broken off"
        case End.RESET:
            return f"{status}, reset"
        case End.OPEN:
            return f"{status}, left"


def server_has(run: Run) -> str:
    """What the origin says of the judged intent: 'persisted, finished; 1 message, 1 model call'."""
    if run.judgement is None or not run.ledger.complete:
        return "could not be asked"
    intent = run.judgement.exchange.intent
    calls = run.ledger.model_calls.get(intent, 0)
    counted = f"{count(run.judgement.effects, 'message')}, {count(calls, 'model call')}"
    return f"{_stage(run, intent)}; {counted}"


def _stage(run: Run, intent: str) -> str:
    """The last stage, and whether it is durable: the last stage alone does not show that."""
    stage = run.ledger.stages.get(intent, "")
    if not stage:
        return "persisted" if run.ledger.effects(intent) else "never arrived"
    if stage in ("started", "finished", "failed", "aborted") and run.ledger.effects(intent):
        return f"persisted, {stage}"
    return stage


def count(number: int, noun: str) -> str:
    """'1 message', '2 messages'."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def seen(run: Run) -> str:
    """What a run showed, worded as its expectation: '524 at 100.0s, phantom-failure, 1 effect'."""
    judged = run.judgement
    if judged is None:
        return run.problem or "nothing"
    status = "no status" if judged.exchange.status is None else str(judged.exchange.status)
    when = f" at {took(judged.exchange)}" if judged.exchange.took is not None else ""
    return f"{status}{when}, {judged.verdict}, {count(judged.effects, 'effect')}"
