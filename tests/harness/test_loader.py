"""Bad files get a message with file, key, reason and cure; unknown values get their assumption and are
told.
"""

from pathlib import Path
from typing import Any

import pytest

from firstbyte.harness.files.loader import load_profile, load_suite, profile_from, profile_names, read_toml
from firstbyte.harness.model.units import seconds
from firstbyte.harness.problems import BadInput

TIMER = {"name": "read", "starts_on": "request-sent", "stops_on": ["header-completed"], "limit": "60s"}


def raw(**changes: Any) -> dict[str, Any]:
    return {
        "id": "slow",
        "title": "Slow",
        "timers": [{**TIMER, **changes}],
        "answers": {"timeout": {"status": 504}},
    }


MESSAGES = [
    ({"limit": "60"}, "slow.toml: timers[0].limit: '60' has no unit; write '60s'"),
    ({"limt": "60s"}, "slow.toml: timers[0]: unknown key 'limt'; did you mean 'limit'?"),
    ({"starts_on": "request-snet"}, "slow.toml: timers[0].starts_on: Invalid enum value 'request-snet'"),
    ({"limit": 60}, "slow.toml: timers[0].limit: '60' has no unit; write \"60s\""),
]


@pytest.mark.parametrize(("changes", "message"), MESSAGES)
def test_a_wrong_key_is_named_with_file_reason_and_cure(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput) as caught:
        profile_from(raw(**changes), Path("slow.toml"))
    assert str(caught.value) == message


def test_an_unknown_value_gets_its_assumption_and_is_told() -> None:
    unknown = {"key": "timers.read.limit", "allowed": ["30s", "60s"], "assume": "30s"}
    loaded = profile_from({**raw(), "unknown": [unknown]}, Path("slow.toml"))
    assert loaded.profile.timers[0].limit == seconds(30)
    assert [one.key for one in loaded.evidence.unknown] == ["timers.read.limit"]


def test_an_unknown_key_of_a_timer_that_is_not_there_is_named() -> None:
    unknown = {"key": "timers.raed.limit", "allowed": ["30s", "60s"], "assume": "30s"}
    with pytest.raises(BadInput, match=r"no entry named 'raed'; did you mean 'read'\?"):
        profile_from({**raw(), "unknown": [unknown]}, Path("slow.toml"))


def test_an_edge_that_is_not_there_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(BadInput, match=r"no edge 'cloudflar'; did you mean 'cloudflare'\?"):
        load_profile("cloudflar")


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"a = ", "is not valid TOML"), (b"\xff\xfe", "is not UTF-8 text")],
    ids=["toml", "text"],
)
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=reason):
        read_toml(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"gone\.toml: can't be read: No such file"):
        load_suite(tmp_path / "gone.toml")


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_that_comes_along_loads(name: str) -> None:
    assert load_profile(name).profile.id == name
