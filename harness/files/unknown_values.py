"""The profiles that the unknown values of a profile allow, one changed key at a time. Pure.

Evidence rule 5 asks of a result that it is the same in all of them.
"""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from firstbyte.harness.files.loader import LoadedProfile
from firstbyte.harness.files.setting import change
from firstbyte.harness.model.profile import Unknown


class OtherValue(msgspec.Struct, frozen=True, kw_only=True):
    """Another allowed value of an unknown key than the assumed one. changed: the profile that has it."""

    unknown: Unknown
    value: object
    changed: LoadedProfile


def other_values(loaded: LoadedProfile, can_matter: Callable[[Unknown], bool]) -> Iterator[OtherValue]:
    """Every other value of the unknown keys that can matter."""
    for unknown in filter(can_matter, loaded.evidence.unknown):
        for value in unknown.allowed:
            if value != unknown.assume:
                changed = change(loaded, {unknown.key: value})
                yield OtherValue(unknown=unknown, value=value, changed=changed)


def other_chains(
    hops: Sequence[LoadedProfile], can_matter: Callable[[Unknown], bool]
) -> Iterator[tuple[OtherValue, tuple[LoadedProfile, ...]]]:
    """The same for a chain of edges: the value, and the chain in which one hop has it."""
    for number, hop in enumerate(hops):
        for other in other_values(hop, can_matter):
            yield other, (*hops[:number], other.changed, *hops[number + 1 :])
