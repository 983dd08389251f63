"""Durations with a unit: 250ms, 130s, 2m, 1h.

The server has its own parser because it doesn't import the harness. A number without a unit is an error.
"""

import re
from typing import Final

from firstbyte.reference_server.config import Seconds

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_FORM: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)", re.ASCII)


def duration(text: str) -> Seconds:
    """Parses `text`. Raises ValueError, whose message says what to write instead."""
    match = _FORM.fullmatch(text.strip())
    if match is None:
        hint = f"; write '{text.strip()}s'" if re.fullmatch(r"\d+(\.\d+)?", text.strip(), re.ASCII) else ""
        raise ValueError(f"'{text}' is not a duration such as 250ms, 130s, 2m or 1h{hint}")
    return Seconds(float(match[1]) * _UNITS[match[2]])
