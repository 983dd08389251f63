"""The verdict of one round: what the client was told of the request with the fault, and what the server has.

Pure. The round without a fault is the measure: the effects it had are each intent done once. It must never
take an edge's word for what the server did.
"""

from collections import Counter
from collections.abc import Sequence

import msgspec

from firstbyte.harness.model.judge import Judgement, judge
from firstbyte.harness.model.ledger import Ledger, Message
from firstbyte.harness.model.timeline import Event
from firstbyte.harness.model.verdict import BeliefRule, ClientExchange, End, Verdict
from firstbyte.harness.plugin.rounds import Target
from firstbyte.proxies.rules.orders import Action, Seen

SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
INTENT = "the request with the fault"
_ENDS = {"complete": End.COMPLETE, "cut": End.TRUNCATED, "dropped": End.RESET}


class EdgeSaw(msgspec.Struct, frozen=True, kw_only=True):
    """One edge in one round. profile: its name."""

    profile: str
    requests: tuple[Seen, ...]
    timeline: tuple[Event, ...]


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """One round. effects: what the server did since the test began, by intent; None = unknown."""

    edges: tuple[EdgeSaw, ...]
    effects: dict[str, int] | None

    def request(self, target: Target) -> Seen | None:
        """The request a fault is meant for."""
        if target.edge > len(self.edges):
            return None
        requests = self.edges[target.edge - 1].requests
        return next((one for one in requests if one.id == target.request), None)


def shape(seen: Seen) -> str:
    """Method and path without what differs between rounds: a part with a digit counts as an id."""
    parts = seen.path.partition("?")[0].split("/")
    return f"{seen.method} " + "/".join("*" if any(map(str.isdecimal, part)) else part for part in parts)


def unfired(baseline: Observed, observed: Observed, target: Target) -> str:
    """Why the round proves nothing; '' = the fault happened, to the request that was meant."""
    seen, meant = observed.request(target), baseline.request(target)
    if seen is None:
        return "that request never came: the test did not get that far, or is not the same each time"
    if not seen.fired:
        size = " (a request of over 1 MiB is not kept)" if target.fault is Action.RESEND else ""
        return f"the edge could not do it{size}: its answer ended as '{seen.end or 'under way'}'"
    if meant is not None and shape(meant) != shape(seen):
        return (
            f"it is {shape(seen)} here and {shape(meant)} without a fault: the test is not the same each time"
        )
    return ""


def last_answer(baseline: Observed, observed: Observed, target: Target) -> Seen:
    """The last answer the client got: to the request with the fault, or to its own retry of it."""
    requests = observed.edges[target.edge - 1].requests
    hit = observed.request(target)
    assert hit is not None
    alike = [one for one in requests if shape(one) == shape(hit)]
    before = [one for one in baseline.edges[target.edge - 1].requests if shape(one) == shape(hit)]
    retries = max(len(alike) - len(before), 0)
    return alike[min(alike.index(hit) + retries, len(alike) - 1)]


def verdict_of(baseline: Observed, observed: Observed, target: Target, rule: BeliefRule) -> Judgement | None:
    """Belief joined with the truth; None where the truth is unknown or says nothing of this request."""
    expected, found = baseline.effects, observed.effects
    if expected is None or found is None:
        return None
    last = last_answer(baseline, observed, target)
    effects = _effects(expected, found)
    if effects < 2 and (last.method in SAFE or not sum(expected.values())):
        return None
    ledger = Ledger(messages=tuple(Message(id=str(one), intent=INTENT) for one in range(effects)))
    return judge([exchange_of(last)], ledger, rule)


def _effects(expected: dict[str, int], found: dict[str, int]) -> int:
    """How often the request with the fault was done, assuming that every other one was done as usual."""
    more = sum(found.values()) - sum(expected.values())
    # A repeated intent may stand beside a lost one.
    twice = any(times > max(expected.get(intent, 0), 1) for intent, times in found.items())
    return max(more + 1, 2 if twice else 0)


def is_broken(judgement: Judgement, rule: BeliefRule) -> bool:
    """Whether the client was told something false."""
    if judgement.verdict is Verdict.TRUNCATED:
        return rule is BeliefRule.STATUS
    return judgement.verdict in (Verdict.DUPLICATE, Verdict.PHANTOM_FAILURE, Verdict.PHANTOM_SUCCESS)


def exchange_of(seen: Seen, times: Sequence[int] = ()) -> ClientExchange:
    """The exchange as the client saw it. times: microseconds of its start, header and end, for a picture."""
    sent, header, end = times or (0, None, None)
    return ClientExchange(
        id=seen.id, method=seen.method, path=seen.path, intent=INTENT, sent_at=sent, header_at=header,
        end_at=end, status=seen.status or None, end=_ENDS.get(seen.end, End.OPEN),
    )  # fmt: skip


def findings_of(
    judgement: Judgement | None, observed: Observed, baseline: Observed, target: Target
) -> tuple[str, ...]:
    """The ids of the findings that explain it, the cause first."""
    caused = {
        Action.CUT_HEADER: "answered-by-edge",
        Action.CUT_BODY: "truncated-body",
        Action.RESEND: "edge-resent-request",
    }
    found = [caused[target.fault]] if target.fault in caused else []
    hit = observed.request(target)
    if judgement is not None and hit is not None:
        retried = last_answer(baseline, observed, target).id != hit.id
        if judgement.verdict is Verdict.DUPLICATE and retried:
            found.insert(0, "resent-with-new-id")
        if judgement.verdict is Verdict.PHANTOM_SUCCESS:
            found.insert(0, "lost-after-ack")
    return tuple(found)


def counted(effects: dict[str, int]) -> str:
    """'2 effects (tea 2 times)'."""
    total = sum(effects.values())
    several = ", ".join(f"{intent} {times} times" for intent, times in Counter(effects).items() if times > 1)
    return f"{total} effect{'' if total == 1 else 's'}" + (f" ({several})" if several else "")
