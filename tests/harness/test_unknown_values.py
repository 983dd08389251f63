"""Each allowed value of an unknown key makes a profile of its own, and in a chain a chain of its own."""

from pathlib import Path
from typing import Any

import tomli

from firstbyte.harness.files.loader import LoadedProfile, profile_from
from firstbyte.harness.files.unknown_values import other_chains, other_values
from tests.profiles import QUICK, variants

HOLD = {"key": "hold_header", "allowed": ["no", "until-body"], "assume": "no", "note": "not looked at"}
LIMIT = {
    "key": "timers.read.limit",
    "allowed": ["30s", "60s", "90s"],
    "assume": "60s",
    "note": "three documents",
}


def quick(*unknown: dict[str, Any]) -> LoadedProfile:
    return profile_from({**tomli.loads(QUICK), "unknown": list(unknown)}, Path("quick.toml"))


def test_variants_change_one_unknown_key_at_a_time() -> None:
    found = [(str(one.hold_header), one.timers[0].limit) for one in variants(quick(HOLD, LIMIT))]
    assert found == [
        ("no", 60_000_000),
        ("until-body", 60_000_000),
        ("no", 30_000_000),
        ("no", 90_000_000),
    ]


def test_a_profile_without_unknown_keys_has_one_variant() -> None:
    assert len(variants(quick())) == 1


def test_a_key_that_can_not_matter_keeps_its_assumed_value() -> None:
    others = list(other_values(quick(HOLD, LIMIT), lambda unknown: unknown.key == "timers.read.limit"))
    assert [(other.unknown.key, other.value) for other in others] == [
        ("timers.read.limit", "30s"),
        ("timers.read.limit", "90s"),
    ]


def test_in_a_chain_one_hop_at_a_time_is_changed() -> None:
    outer, inner = quick(HOLD), quick(LIMIT)
    chains = [hops for _, hops in other_chains((outer, inner), lambda _: True)]
    assert [(str(first.profile.hold_header), second.profile.timers[0].limit) for first, second in chains] == [
        ("until-body", 60_000_000),
        ("no", 30_000_000),
        ("no", 90_000_000),
    ]
