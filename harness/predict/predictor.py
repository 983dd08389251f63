"""Predicts what edges would have made of one recorded exchange."""

from collections.abc import Container, Sequence
from typing import NamedTuple

import msgspec

from firstbyte.harness.model.prediction import Outcome, Prediction
from firstbyte.harness.model.recording import Recording
from firstbyte.harness.predict.exchange import PredictedExchange
from firstbyte.harness.predict.plain import passes_at, predict_plain, read_plain
from firstbyte.harness.predict.prepared import PreparedProfile

SAME_WITHIN = 0.01


class Variant(NamedTuple):
    """The profile with one unknown key set to another allowed value.

    needs: the part of the profile that a prediction must have asked for to depend on this key; '' = none.
    """

    key: str
    value: str
    prepared: PreparedProfile
    needs: str = ""

    def can_matter(self, asked: frozenset[str]) -> bool:
        """Whether this value could change a prediction that asked for these parts of the profile."""
        return not self.needs or self.needs in asked


class Unsure(msgspec.Struct, frozen=True, kw_only=True):
    """An unknown key whose value changes the result, and the result with another value than the assumed."""

    key: str
    value: str
    other: Prediction

    @property
    def sentence(self) -> str:
        """Why the result is not known."""
        other = format_outcome(self.other)
        return f"depends on {self.key}, which nobody could confirm; with {self.value}: {other}"


class Predictor:
    """Puts one recording through profiles. The recording is read once for all of them."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._plain = read_plain(recording)

    def __repr__(self) -> str:
        kind = "plain" if self._plain else "not plain"
        return f"<Predictor {self._recording.method} {self._recording.path}, {kind}>"

    def predict(self, prepared: PreparedProfile) -> Prediction:
        """What the client of this edge would have got. Unknown values are taken as the profile has them."""
        return self.predict_with_parts(prepared)[0]

    def predict_with_parts(self, prepared: PreparedProfile) -> tuple[Prediction, frozenset[str]]:
        """The prediction, and which parts of the profile it asked for, as in `PredictedExchange`."""
        fast = predict_plain(self._plain, prepared) if self._plain else None
        if fast is not None:
            return fast, frozenset()
        exchange = PredictedExchange(self._recording, prepared)
        return exchange.play(), frozenset(exchange.asked)

    def predict_all_values(
        self, prepared: PreparedProfile, variants: Sequence[Variant]
    ) -> tuple[Prediction, Unsure | None]:
        """Evidence rule 5: the prediction, unknown where another value of an unknown key would change it.

        Also the first such value.
        """
        wanted, asked = self.predict_with_parts(prepared)
        for variant in variants:
            if not variant.can_matter(asked) or self._passes_alike(wanted, variant.prepared):
                continue
            other = self.predict(variant.prepared)
            if not is_same(wanted, other):
                unsure = Unsure(key=variant.key, value=variant.value, other=other)
                return msgspec.structs.replace(wanted, outcome=Outcome.UNKNOWN, margin=None), unsure
        return wanted, None

    def _passes_alike(self, wanted: Prediction, variant: PreparedProfile) -> bool:
        """Whether the fast path shows that nothing but the margin is different with this value."""
        if self._plain is None or wanted.outcome is not Outcome.PASSES:
            return False
        return wanted.at is not None and passes_at(self._plain, variant) == wanted.at


def needed_part(key: str, answers: Container[str]) -> str:
    """The part of a profile that a prediction asks for before this key can matter; '' = it always can."""
    part, _, rest = key.partition(".")
    name, _, field = rest.partition(".")
    if part == "interim":
        return "interim"
    if part == "answers" and field and name in answers:
        return f"answers.{name}"
    return key if key == "cut.http1" else ""


def is_same(one: Prediction, two: Prediction) -> bool:
    """Whether outcomes, statuses and ends are equal, and the times within 1 %."""
    if (one.outcome, one.status, one.end) != (two.outcome, two.status, two.end):
        return False
    if one.at is None or two.at is None:
        return one.at == two.at
    return abs(one.at - two.at) <= SAME_WITHIN * max(one.at, 1)


def format_outcome(prediction: Prediction) -> str:
    """`passes, 200 complete`, `cut, no status reset`."""
    status = "no status" if prediction.status is None else str(prediction.status)
    return f"{prediction.outcome}, {status} {prediction.end}"
