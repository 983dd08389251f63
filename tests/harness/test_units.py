"""Durations are read with a unit, written back exactly, and never guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstbyte.harness.model.units import (
    BadDuration,
    as_seconds,
    format_duration,
    parse_duration,
    scale,
    seconds,
)

READ = [
    ("100s", 100_000_000),
    ("250ms", 250_000),
    ("1.5s", 1_500_000),
    ("2m", 120_000_000),
    ("1h", 3_600_000_000),
    ("1m30s", 90_000_000),
    ("7us", 7),
    ("0s", 0),
]


@pytest.mark.parametrize(("text", "microseconds"), READ)
def test_a_duration_is_read_by_its_unit(text: str, microseconds: int) -> None:
    assert parse_duration(text) == microseconds


@pytest.mark.parametrize("text", ["60", "", "s", "-1s", "1 fortnight", "1s!", "1.s", "٣s"])
def test_text_that_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(BadDuration):
        parse_duration(text)


def test_a_missing_unit_is_named_with_the_cure() -> None:
    with pytest.raises(BadDuration, match="'60' has no unit; write '60s'"):
        parse_duration("60")


@given(st.integers(min_value=0, max_value=10**13))
def test_what_is_written_is_read_back_exactly(value: int) -> None:
    assert parse_duration(format_duration(value)) == value


@given(st.integers(min_value=0, max_value=10**6))
def test_whole_seconds_survive_the_way_through_seconds(value: int) -> None:
    assert as_seconds(seconds(value)) == value


def test_a_scale_divides() -> None:
    assert scale(seconds(100), 50) == seconds(2)
