"""`--set` of the commands that run scenarios: plans with keys of their profiles changed."""

from collections.abc import Sequence

import msgspec

from firstbyte.harness.files.setting import Setting, apply_to_chain, check_all_used, parse_setting
from firstbyte.harness.runner.plan import Plan


def with_settings(plans: Sequence[Plan], texts: Sequence[str]) -> list[Plan]:
    """The plans with the keys changed. A changed edge is a different edge: the scenario states no expectation
    for it, so its claim decides.
    """
    settings = [parse_setting(text) for text in texts]
    if not settings:
        return list(plans)
    check_all_used(settings, [plan.hops for plan in plans])
    return [_changed(plan, settings) for plan in plans]


def _changed(plan: Plan, settings: list[Setting]) -> Plan:
    hops = apply_to_chain(plan.hops, settings)
    if hops == plan.hops:
        return plan
    return msgspec.structs.replace(plan, hops=hops, expect=None)
