"""The edges a recording is put through: their profiles, and those that their unknown values make."""

from collections.abc import Sequence
from functools import cache

import msgspec

from firstbyte.harness.files.loader import load_profile, profile_names
from firstbyte.harness.files.unknown_values import other_values
from firstbyte.harness.model.prediction import Prediction
from firstbyte.harness.model.profile import Profile, Unknown
from firstbyte.harness.model.recording import Recording
from firstbyte.harness.predict import Unsure, Variant, predict_all_values

#: What acts when the answer is decided, or on HTTP/2 only: it can't change what one HTTP/1.1 client is told.
_NO_MATTER = ("origin.", "cut.http2")
_NO_MATTER_FIELD = ("keep_alive", "h2_error")


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One edge's prediction. unsure: the unknown value it depends on."""

    edge: str
    prediction: Prediction
    unsure: Unsure | None = None
    note: str = ""


def chosen_edges(names: Sequence[str]) -> tuple[str, ...]:
    """Those named, or all. BadInput for one that is not there."""
    edges = tuple(dict.fromkeys(names)) or profile_names()
    for name in edges:
        load_profile(name)
    return edges


def profiles_of(edges: Sequence[str]) -> tuple[Profile, ...]:
    """Their profiles."""
    return tuple(load_profile(name).profile for name in edges)


def judge_recording(recording: Recording, edges: Sequence[str]) -> tuple[Judged, ...]:
    """What each edge would have made of it."""
    return tuple(_judge(recording, name) for name in edges)


def _judge(recording: Recording, name: str) -> Judged:
    prediction, unsure = predict_all_values(recording, load_profile(name).profile, variants(name))
    return Judged(edge=name, prediction=prediction, unsure=unsure)


@cache
def variants(name: str) -> tuple[Variant, ...]:
    """Every other value that an unknown key of this edge may have, one at a time."""
    return tuple(
        Variant(other.unknown.key, str(other.value), other.changed.profile)
        for other in other_values(load_profile(name), _can_matter)
    )


def _can_matter(unknown: Unknown) -> bool:
    return not (unknown.key.startswith(_NO_MATTER) or unknown.key.endswith(_NO_MATTER_FIELD))
