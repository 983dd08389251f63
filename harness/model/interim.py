"""Looks up what an edge does with a 1xx response. Pure."""

from firstbyte.harness.model.profile import Interim, InterimAction


def interim_action(rules: Interim, status: int) -> InterimAction:
    """What these rules say about a 1xx. RFC 9110 15.2: one without a rule is forwarded."""
    return _by_status(rules).get(status, InterimAction.FORWARD)


def final_interims(rules: Interim) -> frozenset[int]:
    """The 1xx statuses that are taken for the final answer."""
    return frozenset(status for status, action in _by_status(rules).items() if action is InterimAction.FINAL)


def _by_status(rules: Interim) -> dict[int, InterimAction]:
    return {100: rules.on_100, 102: rules.on_102, 103: rules.on_103}
