"""The edges that a recording is put through: their profiles, and the variants for their unknown values."""

from collections.abc import Sequence
from functools import cache

import msgspec

from firstbyte.harness.files.loader import load_profile, profile_names
from firstbyte.harness.files.unknown_values import other_values
from firstbyte.harness.model.prediction import Prediction
from firstbyte.harness.model.profile import Profile, Unknown
from firstbyte.harness.model.recording import Recording
from firstbyte.harness.predict import Predictor, PreparedProfile, Unsure, Variant, needed_part

#: These keys act after the answer is decided, or on HTTP/2 only: they don't change what an HTTP/1.1 client
#: gets.
_NO_MATTER = ("origin.", "cut.http2")
_NO_MATTER_FIELD = ("keep_alive", "h2_error")


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One edge's prediction. unsure: the unknown value that it depends on."""

    edge: str
    prediction: Prediction
    unsure: Unsure | None = None
    note: str = ""


def chosen_edges(names: Sequence[str]) -> tuple[str, ...]:
    """The edges with these names, or all edges. Raises BadInput for an unknown name."""
    edges = tuple(dict.fromkeys(names)) or profile_names()
    for name in edges:
        load_profile(name)
    return edges


def profiles_of(edges: Sequence[str]) -> tuple[Profile, ...]:
    """The profiles of these edges."""
    return tuple(load_profile(name).profile for name in edges)


def judge_recording(recording: Recording, edges: Sequence[str]) -> tuple[Judged, ...]:
    """What each edge would have made of it."""
    predictor = Predictor(recording)
    return tuple(_judge(predictor, name) for name in edges)


def _judge(predictor: Predictor, name: str) -> Judged:
    prediction, unsure = predictor.predict_all_values(prepared(name), variants(name))
    return Judged(edge=name, prediction=prediction, unsure=unsure)


@cache
def prepared(name: str) -> PreparedProfile:
    """The profile of this edge, prepared for predictions."""
    return PreparedProfile(load_profile(name).profile)


@cache
def variants(name: str) -> tuple[Variant, ...]:
    """Every other value that an unknown key of this edge may have, one at a time."""
    loaded = load_profile(name)
    return tuple(
        Variant(
            other.unknown.key,
            str(other.value),
            PreparedProfile(other.changed.profile),
            needed_part(other.unknown.key, loaded.profile.answers),
        )
        for other in other_values(loaded, _can_matter)
    )


def _can_matter(unknown: Unknown) -> bool:
    return not (unknown.key.startswith(_NO_MATTER) or unknown.key.endswith(_NO_MATTER_FIELD))
