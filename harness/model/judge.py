"""Turns what the client saw and what the origin knows into a verdict. Pure."""

from collections.abc import Sequence

import msgspec

from firstbyte.harness.model.ledger import Ledger
from firstbyte.harness.model.verdict import Belief, BeliefRule, ClientExchange, End, Verdict

# RFC 9110 15.6: what a gateway answers when it gets no answer from the origin, and the codes that edges have
# invented for it.
GATEWAY_STATUSES = frozenset({500, 502, 503, 504, 408, 499, *range(520, 531)})

# RFC 9110 15.3.5, 15.4.5: these answers end with the header, whatever the origin tries to send after it.
BODILESS = frozenset({204, 304})


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome for one intent: `exchange` is the judged request, the last one sent for it."""

    verdict: Verdict
    belief: Belief
    effects: int
    exchange: ClientExchange


def belief_of(exchange: ClientExchange, rule: BeliefRule) -> Belief:
    """What a client with this policy concludes from one exchange."""
    if is_success(exchange):
        return Belief.OK
    if rule is BeliefRule.STATUS or not is_ambiguous(exchange):
        return Belief.FAILED
    return exchange.settled or Belief.UNKNOWN


def is_success(exchange: ClientExchange) -> bool:
    """A 2xx whose body came to its announced end."""
    return _is_2xx(exchange) and exchange.end is End.COMPLETE


def is_ambiguous(exchange: ClientExchange) -> bool:
    """The request left, and nothing that the client saw tells whether the server accepted it."""
    if not exchange.request_left:
        return False
    if exchange.end is not End.COMPLETE:
        return True
    return exchange.status is None or exchange.status in GATEWAY_STATUSES


def judge(exchanges: Sequence[ClientExchange], ledger: Ledger, rule: BeliefRule) -> Judgement:
    """Judge the intent of the last exchange that has one, by the first verdict of `Verdict` that applies."""
    judged = next(exchange for exchange in reversed(exchanges) if exchange.intent)
    belief = belief_of(judged, rule)
    effects = ledger.effects(judged.intent)
    return Judgement(
        verdict=_verdict(judged, belief, effects, ledger), belief=belief, effects=effects, exchange=judged
    )


def _verdict(judged: ClientExchange, belief: Belief, effects: int, ledger: Ledger) -> Verdict:
    if effects > 1:
        return Verdict.DUPLICATE
    if belief is Belief.OK and effects == 0:
        return Verdict.PHANTOM_SUCCESS
    if _is_truncated(judged, ledger):
        return Verdict.TRUNCATED
    if belief is Belief.FAILED:
        return Verdict.PHANTOM_FAILURE if effects else Verdict.REFUSED
    if belief is Belief.UNKNOWN:
        return Verdict.UNRESOLVED
    return Verdict.DELIVERED


def _is_truncated(judged: ClientExchange, ledger: Ledger) -> bool:
    """The client got a 2xx with less body than the origin meant to send, whether or not it could tell."""
    if not _is_2xx(judged):
        return False
    if judged.end in (End.TRUNCATED, End.RESET):
        return True
    if judged.method == "HEAD" or judged.status in BODILESS:
        return False
    meant = ledger.body_bytes.get(judged.id)
    return meant is not None and (meant < 0 or judged.body_bytes < meant)


def _is_2xx(exchange: ClientExchange) -> bool:
    return exchange.status is not None and 200 <= exchange.status <= 299
