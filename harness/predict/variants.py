"""Evidence rule 5 for predictions: what is not the same under every value an unknown key may have is unknown.

Pure: the profiles that these values make are given.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from firstbyte.harness.model.prediction import Outcome, Prediction
from firstbyte.harness.model.profile import Profile
from firstbyte.harness.model.recording import Recording
from firstbyte.harness.model.units import is_same_time
from firstbyte.harness.predict.exchange import predict, predict_and_tell


class Variant(NamedTuple):
    """The profile with one unknown key set to another allowed value."""

    key: str
    value: str
    profile: Profile


class Unsure(msgspec.Struct, frozen=True, kw_only=True):
    """An unknown key whose value changes the result, and the result with another value than the assumed."""

    key: str
    value: str
    other: Prediction

    @property
    def sentence(self) -> str:
        """Why nobody can say."""
        return f"depends on {self.key}, which nobody could confirm; with {self.value}: {told(self.other)}"


def predict_all_values(
    recording: Recording, profile: Profile, variants: Sequence[Variant]
) -> tuple[Prediction, Unsure | None]:
    """The prediction, and the first unknown key that would change it: then its outcome is unknown."""
    wanted, asked = predict_and_tell(recording, profile)
    for variant in variants:
        if not can_matter(variant.key, profile, asked):
            continue
        other = predict(recording, variant.profile)
        if not is_same(wanted, other):
            unsure = Unsure(key=variant.key, value=variant.value, other=other)
            return msgspec.structs.replace(wanted, outcome=Outcome.UNKNOWN, margin=None), unsure
    return wanted, None


def can_matter(key: str, profile: Profile, asked: frozenset[str]) -> bool:
    """Whether another value of this key could change a prediction that asked for these parts."""
    part, _, rest = key.partition(".")
    name, _, field = rest.partition(".")
    if part == "interim":
        return "interim" in asked
    if part == "answers" and field and name in profile.answers:
        return f"answers.{name}" in asked
    return key != "cut.http1" or key in asked


def is_same(one: Prediction, two: Prediction) -> bool:
    """Equal outcomes, statuses and ends, times within 1 %."""
    if (one.outcome, one.status, one.end) != (two.outcome, two.status, two.end):
        return False
    if one.at is None or two.at is None:
        return one.at == two.at
    return is_same_time(one.at, two.at)


def told(one: Prediction) -> str:
    """What the client is told, in a few words."""
    status = "no status" if one.status is None else str(one.status)
    return f"{one.outcome}, {status} {one.end}"
