"""Finds expectations that can't come true by the judge's rules. Pure.

It is separate from the judge because an expectation may leave out any key. It must never be stricter than the
judge: a result that the judge could give for some run is no complaint.
"""

from collections.abc import Iterator

from firstbyte.harness.model.scenario import Expect, Reconcile, Scenario
from firstbyte.harness.model.verdict import Belief, BeliefRule, End, Verdict

_BELIEFS: dict[Verdict, frozenset[Belief]] = {
    Verdict.DUPLICATE: frozenset(Belief),
    Verdict.PHANTOM_SUCCESS: frozenset({Belief.OK}),
    Verdict.TRUNCATED: frozenset(Belief),
    Verdict.PHANTOM_FAILURE: frozenset({Belief.FAILED}),
    Verdict.UNRESOLVED: frozenset({Belief.UNKNOWN}),
    Verdict.REFUSED: frozenset({Belief.FAILED}),
    Verdict.DELIVERED: frozenset({Belief.OK}),
}
_EFFECTS: dict[Verdict, tuple[int, int]] = {
    Verdict.DUPLICATE: (2, 1 << 30),
    Verdict.PHANTOM_SUCCESS: (0, 0),
    Verdict.TRUNCATED: (0, 1),
    Verdict.PHANTOM_FAILURE: (1, 1),
    Verdict.UNRESOLVED: (0, 1),
    Verdict.REFUSED: (0, 0),
    Verdict.DELIVERED: (1, 1),
}


def expectation_complaints(scenario: Scenario, expect: Expect) -> Iterator[str]:
    """One line for each contradiction, beginning with the key: `.effects: ...`."""
    yield from _against_verdict(expect)
    yield from _against_rule(scenario, expect)
    yield from _against_wire(expect)


def _against_verdict(expect: Expect) -> Iterator[str]:
    verdict = expect.verdict
    if expect.belief is not None and expect.belief not in _BELIEFS[verdict]:
        yield f".belief: '{expect.belief}' can't be judged '{verdict}'; {_one_of(sorted(_BELIEFS[verdict]))}"
    least, most = _EFFECTS[verdict]
    if expect.effects is not None and not least <= expect.effects <= most:
        right = _range(least, most)
        yield f".effects: {expect.effects} can't be judged '{verdict}'; write {right}, or another verdict"
    if verdict is Verdict.TRUNCATED and expect.status is not None and not _is_2xx(expect.status):
        yield f".status: {expect.status} can't be judged 'truncated', only a 2xx can"
    if verdict is Verdict.TRUNCATED and expect.effects == 0 and expect.belief is Belief.OK:
        yield ".verdict: ok with no effect is judged 'phantom-success' before 'truncated'"


def _against_rule(scenario: Scenario, expect: Expect) -> Iterator[str]:
    verdict, rule = expect.verdict, scenario.belief
    is_unknown = verdict is Verdict.UNRESOLVED or expect.belief is Belief.UNKNOWN
    if rule is BeliefRule.STATUS and is_unknown:
        yield ".belief: a client with the rule 'status' never doubts; write the scenario's belief = 'careful'"
    if expect.status is None:
        return
    is_ok = verdict in (Verdict.DELIVERED, Verdict.PHANTOM_SUCCESS) or expect.belief is Belief.OK
    can_settle = rule is BeliefRule.CAREFUL and any(isinstance(step, Reconcile) for step in scenario.step)
    if is_ok and not _is_2xx(expect.status) and not can_settle:
        told = expect.status or "no status"
        yield f".status: {told} is not believed; only a careful client that reconciles can call it ok"
    if _is_2xx(expect.status) and expect.end is End.COMPLETE and _denies_success(expect):
        yield f".belief: a complete {expect.status} is believed 'ok'; write that, or another end"


def _denies_success(expect: Expect) -> bool:
    if expect.belief is not None:
        return expect.belief is not Belief.OK
    return Belief.OK not in _BELIEFS[expect.verdict]


def _against_wire(expect: Expect) -> Iterator[str]:
    if expect.status == 0 and expect.end is End.COMPLETE:
        yield ".end: an answer without a header can't be complete; write 'truncated', 'reset' or 'open'"
    is_ok = expect.verdict is Verdict.DELIVERED and expect.status is not None and _is_2xx(expect.status)
    if is_ok and expect.end not in (None, End.COMPLETE) and expect.belief is None:
        yield f".end: a 2xx that ends '{expect.end}' is not believed; write 'complete', or another verdict"
    if expect.at is not None and expect.first_byte is not None and expect.first_byte > expect.at:
        yield ".first_byte: comes after 'at', the end of the answer; swap them"


def _is_2xx(status: int) -> bool:
    return 200 <= status <= 299


def _one_of(beliefs: list[Belief]) -> str:
    return f"write {' or '.join(repr(str(one)) for one in beliefs)}, or another verdict"


def _range(least: int, most: int) -> str:
    if least == most:
        return str(least)
    return f"{least} or more" if most > 1 << 20 else f"{least} to {most}"
