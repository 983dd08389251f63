"""Joins what the users of a load run were told with what the server has, by the judge of every run.

An intent whose user was taken away does not count: nobody was told anything.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from benchmarks.load.intent import Intent
from firstbyte.harness.model.judge import Judgement, judge
from firstbyte.harness.model.ledger import Ledger, Message
from firstbyte.harness.model.verdict import BeliefRule, ClientExchange, Verdict

EXAMPLES = 5
BAD = tuple(verdict for verdict in Verdict if not verdict.is_good)


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One intent and what came of it. verdict: None = its user was taken away, and it happened once or
    never.
    """

    intent: Intent
    verdict: Verdict | None
    effects: int


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """All intents of a run."""

    judged: tuple[Judged, ...]

    @property
    def counts(self) -> dict[Verdict, int]:
        """By verdict; every verdict is there, with 0."""
        found = [one.verdict for one in self.judged]
        return {verdict: found.count(verdict) for verdict in Verdict}

    @property
    def unjudged(self) -> int:
        """Intents whose user was taken away."""
        return sum(one.verdict is None for one in self.judged)

    def rate(self, verdict: Verdict) -> float:
        """Its share of the judged intents, 0 to 1; 0 when there are none."""
        return self.counts[verdict] / max(1, len(self.judged) - self.unjudged)

    def refused(self, allowed: frozenset[Verdict]) -> list[Verdict]:
        """The bad verdicts that were met and are not allowed."""
        return [verdict for verdict in BAD if self.counts[verdict] and verdict not in allowed]

    def document(self) -> dict[str, object]:
        """{"schema": 1, "intents", "unjudged", "verdicts": {name: {"count", "rate", "examples": [...]}}}."""
        verdicts = {
            str(verdict): {
                "count": count,
                "rate": round(self.rate(verdict), 6),
                "examples": [_shown(one) for one in self.judged if one.verdict is verdict][:EXAMPLES],
            }
            for verdict, count in self.counts.items()
        }
        return {"schema": 1, "intents": len(self.judged), "unjudged": self.unjudged, "verdicts": verdicts}

    def summary(self) -> str:
        """One line: how many, and of which verdict."""
        found = [
            f"{count} {verdict} ({self.rate(verdict):.1%})" for verdict, count in self.counts.items() if count
        ]
        rest = [f"{self.unjudged} cut off at the end, not judged"] if self.unjudged else []
        return f"{len(self.judged)} intents: {', '.join([*found, *rest]) or 'none was judged'}"


def _shown(one: Judged) -> dict[str, object]:
    told = [f"{attempt.status or 'no answer'} ({attempt.end})" for attempt in one.intent.attempts]
    return {"text": one.intent.text, "session": one.intent.session, "told": told, "effects": one.effects}


def tally(intents: Iterable[Intent], texts: Sequence[str]) -> Tally:
    """texts: of every message of a user that the server has, as often as it has it."""
    held = Counter(texts)
    return Tally(judged=tuple(_judged(intent, held[intent.text]) for intent in intents))


def _judged(intent: Intent, effects: int) -> Judged:
    if intent.cut:
        verdict = Verdict.DUPLICATE if effects > 1 else None
        return Judged(intent=intent, verdict=verdict, effects=effects)
    return Judged(intent=intent, verdict=_judgement(intent, effects).verdict, effects=effects)


def _judgement(intent: Intent, effects: int) -> Judgement:
    messages = tuple(Message(id=str(number), intent=intent.text) for number in range(effects))
    exchanges = [
        ClientExchange(
            id=number, method="POST", path="", intent=intent.text, status=attempt.status, end=attempt.end,
            connected=attempt.connected, request_left=attempt.connected,
        )
        for number, attempt in enumerate(intent.attempts)
    ]  # fmt: skip
    return judge(exchanges, Ledger(messages=messages, tells_arrivals=False), BeliefRule.STATUS)
