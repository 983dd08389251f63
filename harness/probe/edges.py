"""The edges a recording is put through: their profiles, and those that their unknown values make."""

from collections.abc import Iterator, Sequence
from functools import cache

import msgspec

from firstbyte.harness.files.loader import LoadedProfile, load_profile, profile_names
from firstbyte.harness.model.prediction import Prediction
from firstbyte.harness.model.profile import Profile
from firstbyte.harness.model.recording import Recording
from firstbyte.harness.predict import Unsure, Variant, predict_all_values
from firstbyte.harness.runner.plan import override

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
    return tuple(_variants(load_profile(name)))


def _variants(loaded: LoadedProfile) -> Iterator[Variant]:
    for unknown in loaded.evidence.unknown:
        if unknown.key.startswith(_NO_MATTER) or unknown.key.endswith(_NO_MATTER_FIELD):
            continue
        for value in unknown.allowed:
            if value != unknown.assume:
                changed = override(loaded, {unknown.key: value})
                yield Variant(unknown.key, str(value), changed.profile)
