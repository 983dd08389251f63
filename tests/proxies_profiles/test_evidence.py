"""Takes evidence away from a sound profile, or adds what it does not cover, and sees that it is noticed."""

from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from firstbyte.harness.checks.evidence import claimed_keys, evidence_complaints
from firstbyte.harness.files.loader import LoadedProfile, profile_from, profile_names, profile_path, read_toml
from firstbyte.harness.model.profile import Unknown
from firstbyte.harness.problems import BadInput

TODAY = date(2026, 12, 1)
RAW: dict[str, Any] = {
    "id": "small",
    "title": "Small",
    "timers": [
        {"name": "read", "starts_on": "request-sent", "stops_on": ["header-completed"], "limit": "60s"},
    ],
    "answers": {"timeout": {"status": 504}},
    "unknown": [
        {"key": "hold_header", "allowed": ["no", "until-body"], "assume": "no", "note": "not looked at"}
    ],
    "source": [
        {
            "kind": "measured",
            "date": "2026-11-22",
            "version": "Small 1.0",
            "keys": ["timers", "answers", "cut", "interim", "origin", "resend"],
        },
    ],
}


def small(**changes: Any) -> LoadedProfile:
    return profile_from({**RAW, **changes}, Path("small.toml"))


def with_source(**changes: Any) -> LoadedProfile:
    return small(source=[{**RAW["source"][0], **changes}])


def with_unknown(**changes: Any) -> LoadedProfile:
    return small(unknown=[{**RAW["unknown"][0], **changes}])


def noticed(loaded: LoadedProfile) -> str:
    return "\n".join(evidence_complaints(loaded, TODAY))


def test_a_sound_profile_has_no_complaint() -> None:
    assert noticed(small()) == ""


@pytest.mark.parametrize("key", ["timers", "answers", "cut", "interim", "origin", "resend"])
def test_a_default_that_tells_something_needs_evidence_too(key: str) -> None:
    left = [one for one in RAW["source"][0]["keys"] if one != key]
    assert f"small.toml: {key}" in noticed(with_source(keys=left))


def test_a_dropped_unknown_is_noticed() -> None:
    assert noticed(small(unknown=[])) == (
        "small.toml: hold_header: has neither a [[source]] nor an [[unknown]]; add one that names it"
    )


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"mutation": {"type_on_bare_204": "text/html"}}, "mutation.type_on_bare_204"),
        ({"buffer_request": True}, "buffer_request"),
        ({"partial_header": "reset"}, "partial_header"),
    ],
)
def test_an_added_key_without_evidence_is_noticed(changes: dict[str, Any], key: str) -> None:
    assert f"small.toml: {key}: has neither" in noticed(small(**changes))


def test_a_source_for_one_key_of_a_timer_does_not_cover_the_others() -> None:
    lines = noticed(with_source(keys=["timers.read.limit", "answers", "cut", "interim", "origin", "resend"]))
    assert "timers.read.stops_on: has neither" in lines
    assert "timers.read.reset_by: has neither" in lines
    assert "timers.read.limit: has neither" not in lines


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"keys": [*RAW["source"][0]["keys"], "timers.raed"]},
            "there is no 'timers.raed'; did you mean 'timers.read'?",
        ),
        ({"keys": []}, "source[0].keys: is empty"),
        ({"date": "2026-12-02"}, "source[0].date: 2026-12-02 is in the future; today is 2026-12-01"),
        ({"date": "July 2026"}, "source[0].date: 'July 2026' is no date"),
        ({"date": "20261122"}, "source[0].date: '20261122' is not written as 2026-11-22"),
        ({"kind": "documented", "version": ""}, "source[0]: has neither url nor version"),
        (
            {"version": "", "url": "https://example.org/"},
            "source[0].version: is missing; a measurement holds",
        ),
        ({"url": "example.org"}, "source[0].url: 'example.org' is no https:// address"),
        ({"kind": "derived"}, "source[0].note: is missing; say how it is derived"),
    ],
)
def test_a_weak_source_is_noticed(changes: dict[str, Any], line: str) -> None:
    assert line in noticed(with_source(**changes))


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"allowed": ["no"]}, "needs at least two different values"),
        ({"allowed": ["no", "no"]}, "needs at least two different values"),
        ({"allowed": ["until-body", "until-end"]}, "assume: 'no' is not among the allowed values"),
        ({"allowed": ["no", "perhaps"]}, "'perhaps' can't be a value of it"),
        ({"note": ""}, "unknown 'hold_header'.note: is missing"),
    ],
)
def test_a_weak_unknown_is_noticed(changes: dict[str, Any], line: str) -> None:
    assert line in noticed(with_unknown(**changes))


def test_an_unknown_key_that_does_not_exist_is_bad_input() -> None:
    unknown = {"key": "answers.timeout.sttaus", "allowed": [1, 2], "assume": 1, "note": "not looked at"}
    with pytest.raises(BadInput, match="did you mean 'status'"):
        small(unknown=[*RAW["unknown"], unknown])


def test_an_unknown_key_that_only_evidence_names_is_noticed() -> None:
    unknown = Unknown(key="answers.tiemout", allowed=(1, 2), assume=1, note="not looked at")
    loaded = small()
    evidence = msgspec.structs.replace(loaded.evidence, unknown=(*loaded.evidence.unknown, unknown))
    line = "unknown 'answers.tiemout': there is no such key; did you mean 'answers.timeout'?"
    assert line in noticed(msgspec.structs.replace(loaded, evidence=evidence))


def test_a_reset_by_interim_responses_needs_to_know_which() -> None:
    timer = {**RAW["timers"][0], "reset_by": ["interim-received"]}
    keys = [
        "timers",
        "answers",
        "cut",
        "interim.on_100",
        "interim.on_102",
        "interim.on_103",
        "origin",
        "resend",
    ]
    loaded = small(timers=[timer], source=[{**RAW["source"][0], "keys": keys}])
    assert "small.toml: interim.resets: has neither" in noticed(loaded)


@pytest.mark.parametrize("name", profile_names())
def test_without_its_sources_every_claim_of_a_profile_is_noticed(name: str) -> None:
    path = profile_path(name)
    loaded = profile_from({key: value for key, value in read_toml(path).items() if key != "source"}, path)
    unknown = {one.key for one in loaded.evidence.unknown}
    bare = [
        claim
        for claim in claimed_keys(loaded.profile)
        if not any(claim == key or claim.startswith(f"{key}.") for key in unknown)
    ]
    lines = list(evidence_complaints(loaded, TODAY))
    assert [line.split(": ")[1] for line in lines] == bare
