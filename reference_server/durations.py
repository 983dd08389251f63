"""Durations with a unit, as people write them: 250ms, 130s, 2m, 1h.

This server has its own few lines because it imports nothing of ours. Must never guess a unit.
"""

import re
from typing import Final

from firstbyte.reference_server.config import Seconds

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_FORM: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)", re.ASCII)


def duration(text: str) -> Seconds:
    """The seconds in `text`. Raises ValueError with what to write instead."""
    match = _FORM.fullmatch(text.strip())
    if match is None:
        hint = f"; write '{text.strip()}s'" if re.fullmatch(r"\d+(\.\d+)?", text.strip(), re.ASCII) else ""
        raise ValueError(f"'{text}' is not a duration such as 250ms, 130s, 2m or 1h{hint}")
    return Seconds(float(match[1]) * _UNITS[match[2]])
