"""What one edge would have done with a recorded exchange. Data only."""

from enum import StrEnum

import msgspec

from firstbyte.harness.model.verdict import End


class Outcome(StrEnum):
    """passes: the client gets the origin's whole answer. cut: it gets another answer, a part, or none.

    unknown: the recording ends too early, or the result depends on an unknown value of the profile.
    """

    PASSES = "passes"
    CUT = "cut"
    UNKNOWN = "unknown"


class Prediction(msgspec.Struct, frozen=True, kw_only=True):
    """What the client would have got. Times are microseconds since it sent its request.

    at: when the answer ends; None = never. margin: the shortest time that any deadline had left; None when no
    deadline ran. timer, limit: the deadline that ended the answer. cause: what else ended it, in a few
    words. requests: how many requests the origin would have got.
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
