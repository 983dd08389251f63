"""What one edge would have made of a recorded exchange. Data only."""

from enum import StrEnum

import msgspec

from firstbyte.harness.model.verdict import End


class Outcome(StrEnum):
    """passes: the client gets the origin's answer, whole. cut: it gets another one, part of it, or none.

    unknown: the recording ends too early, or it depends on a value of the profile that nobody could confirm.
    """

    PASSES = "passes"
    CUT = "cut"
    UNKNOWN = "unknown"


class Prediction(msgspec.Struct, frozen=True, kw_only=True):
    """What the client would have been told, in microseconds since it sent its request.

    at: None = its answer never ends. margin: the least time any deadline had left; None when none ran.
    timer: the deadline that ended it, of `limit`. cause: in a few words, when it was no deadline. requests:
    how many the origin would have got.
    """

    outcome: Outcome
    status: int | None
    end: End
    at: int | None
    margin: int | None = None
    timer: str = ""
    limit: int | None = None
    cause: str = ""
    requests: int = 1
