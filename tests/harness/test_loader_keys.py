"""One key of a parsed file is changed by its dotted name, in a copy; what is not there is named."""

from pathlib import Path
from typing import Any

import pytest

from firstbyte.harness.files.loader import (
    consistent,
    decode,
    load_profile,
    load_shape,
    profile_from,
    with_key,
)
from firstbyte.harness.model.scenario import Suite
from firstbyte.harness.model.shape import Shape
from firstbyte.harness.problems import BadInput

RAW: dict[str, Any] = {
    "id": "mine",
    "cut": {"http1": "reset"},
    "timers": [{"name": "connect", "limit": "5s"}, {"name": "read", "limit": "60s"}],
}

CHANGES = [
    ("id", "yours", {**RAW, "id": "yours"}),
    ("hold_header", "no", {**RAW, "hold_header": "no"}),
    ("cut.http1", "truncate", {**RAW, "cut": {"http1": "truncate"}}),
    ("cut.http2", "CANCEL", {**RAW, "cut": {"http1": "reset", "http2": "CANCEL"}}),
    ("origin.reuse", False, {**RAW, "origin": {"reuse": False}}),
    (
        "timers.read.limit",
        "1s",
        {**RAW, "timers": [{"name": "connect", "limit": "5s"}, {"name": "read", "limit": "1s"}]},
    ),
]


@pytest.mark.parametrize(("key", "value", "changed"), CHANGES, ids=[key for key, _, _ in CHANGES])
def test_a_dotted_key_is_set_in_a_copy(key: str, value: object, changed: dict[str, Any]) -> None:
    before = repr(RAW)
    assert with_key(RAW, key, value, "mine.toml") == changed
    assert repr(RAW) == before


WRONG = [
    ("id.name", "mine.toml: 'id.name': 'id' is a value, not a table"),
    ("timers.read", "mine.toml: timers: 'read': write '<name>.<key>'"),
    ("timers.raed.limit", "mine.toml: timers: no entry named 'raed'; did you mean 'read'?"),
]


@pytest.mark.parametrize(("key", "message"), WRONG, ids=[key for key, _ in WRONG])
def test_a_key_that_can_not_be_set_is_named_with_the_reason(key: str, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        with_key(RAW, key, "1s", "mine.toml")
    assert str(caught.value) == message


def test_a_profile_that_contradicts_itself_is_refused_with_every_complaint() -> None:
    timer = {"name": "read", "starts_on": "request-sent", "stops_on": ["request-sent"], "limit": "0s"}
    answers = {
        name: {"status": 502}
        for name in ("timeout", "connect-refused", "connect-timeout", "closed", "reset", "protocol-error")
    }
    raw = {"id": "mine", "title": "Mine", "timers": [timer], "answers": answers}
    with pytest.raises(BadInput) as caught:
        consistent(profile_from(raw, Path("mine.toml")))
    assert str(caught.value).splitlines() == [
        "mine.toml: timers.read: starts and stops on 'request-sent', so it never runs",
        "mine.toml: timers.read.limit: must be more than nothing; leave it out for no limit",
    ]


def test_a_profile_is_loaded_by_the_path_of_its_file_too() -> None:
    nginx = load_profile("nginx")
    assert load_profile(str(nginx.path)).profile == nginx.profile


def test_a_shape_that_is_not_there_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(BadInput, match="no wire shape 'silnt'; did you mean 'silent'"):
        load_shape("silnt")


SUITE: dict[str, Any] = {"suite": "mine", "about": "Mine.", "scenario": []}
SCENARIO: dict[str, Any] = {
    "id": "a",
    "claim": "must",
    "source": "2026",
    "step": [{"do": "send"}],
    "edge": {},
}

NESTED: list[tuple[dict[str, Any], str]] = [
    ({"abuot": "x"}, "unknown key 'abuot'; did you mean 'about'?"),
    (
        {"scenario": [{**SCENARIO, "setle": "1s"}]},
        "scenario[0]: unknown key 'setle'; did you mean 'settle'?",
    ),
    (
        {"scenario": [{**SCENARIO, "edge": {"nginx": {"verdict": "refused", "stat": 1}}}]},
        "scenario[0].edge[...]: unknown key 'stat'; did you mean 'status'?",
    ),
    (
        {"scenario": [{**SCENARIO, "step": [{"do": "sned"}]}]},
        "scenario[0].step[0].do: Invalid value 'sned'",
    ),
    ({"scenario": [{**SCENARIO, "step": 3}]}, "scenario[0].step: Expected `array`, got `int`"),
]


@pytest.mark.parametrize(("changes", "message"), NESTED, ids=[message for _, message in NESTED])
def test_a_mistake_deep_in_a_file_is_found_by_its_place(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput) as caught:
        decode({**SUITE, **changes}, Suite, "mine.toml")
    assert str(caught.value) == f"mine.toml: {message}"


def test_an_unknown_key_of_a_step_is_named() -> None:
    raw = {"id": "a", "title": "A", "steps": [{"do": "wait", "fro": "1s"}]}
    with pytest.raises(BadInput, match=r"mine\.toml: steps\[0\]: unknown key 'fro'"):
        decode(raw, Shape, "mine.toml")
