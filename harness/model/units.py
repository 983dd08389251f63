"""Durations and points in time: an int of microseconds, written with a unit in files and on command lines.

It exists so that no bare number is taken for seconds in one place and for milliseconds in another.
"""

import re
from decimal import Decimal


class Duration(int):
    """A length of time in microseconds. It is a class of its own so that loaders know to read a unit."""

    __slots__ = ()


_UNITS = {"us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}
_PATTERN = re.compile(r"([0-9]+(?:\.[0-9]+)?)(us|ms|s|m|h)")


class BadDuration(ValueError):
    """The text is not a duration; the message gives the text, the reason and the cure."""


def seconds(value: float) -> Duration:
    """The duration of `value` seconds, rounded to a microsecond."""
    return Duration(round(Decimal(str(value)) * 1_000_000))


def as_seconds(value: int) -> float:
    """Convert microseconds to seconds, for people and for JSON."""
    return value / 1_000_000


def parse_duration(text: str) -> Duration:
    """Read `"100s"`, `"250ms"`, `"1.5s"`, `"2m"`, `"1h"` or a sum such as `"1m30s"`.

    Raises BadDuration when there is no unit, a sign, or anything else in the text.
    """
    compact = text.replace(" ", "")
    parts = _PATTERN.findall(compact)
    if not parts or "".join(number + unit for number, unit in parts) != compact:
        raise BadDuration(_reason(text))
    return Duration(sum(round(Decimal(number) * _UNITS[unit]) for number, unit in parts))


def _reason(text: str) -> str:
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text.strip()):
        return f"'{text}' has no unit; write '{text.strip()}s'"
    return f"'{text}' is not a duration; write a number with us, ms, s, m or h, such as '100s'"


def format_duration(value: int) -> str:
    """The shortest exact text that `parse_duration` reads back: 90_000_000 -> '90s', 2_500 -> '2.5ms'."""
    unit = "s" if value % _UNITS["ms"] == 0 else "ms"
    return f"{Decimal(value) / _UNITS[unit]:f}{unit}"


def as_written(value: object) -> str:
    """A value that JSON has no type for, as files write it: a duration with its unit."""
    return format_duration(value) if isinstance(value, Duration) else str(value)


SAME_WITHIN = 0.01


def is_same_time(one: int, two: int) -> bool:
    """Whether two times differ by at most 1 % of the first: evidence rule 5 takes them for equal."""
    return abs(one - two) <= SAME_WITHIN * max(one, 1)


def scale(value: int, factor: float) -> Duration:
    """`value` divided by a time scale: at a scale of 50 a limit of 100 s becomes 2 s."""
    return Duration(round(value / factor))
