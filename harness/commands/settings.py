"""`--set` of the commands that run scenarios."""

import argparse
from collections.abc import Sequence

import msgspec

from firstbyte.harness.files.setting import HELP, Setting, apply_to_chain, check_all_used, parse_setting
from firstbyte.harness.runner.plan import Plan


def add(parser: argparse.ArgumentParser) -> None:
    """The option."""
    parser.add_argument("--set", action="append", default=[], metavar="[HOP:]KEY=VALUE", help=HELP)


def with_settings(plans: Sequence[Plan], options: argparse.Namespace) -> list[Plan]:
    """The plans with the keys changed. A changed edge is another edge: nothing is stated for it any more, and
    the scenario's claim decides.
    """
    settings = [parse_setting(text) for text in options.set]
    if not settings:
        return list(plans)
    check_all_used(settings, [plan.hops for plan in plans])
    return [_changed(plan, settings) for plan in plans]


def _changed(plan: Plan, settings: list[Setting]) -> Plan:
    hops = apply_to_chain(plan.hops, settings)
    if hops == plan.hops:
        return plan
    return msgspec.structs.replace(plan, hops=hops, expect=None)
