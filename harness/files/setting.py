"""One profile key changed on the command line: `[HOP:]KEY=VALUE`. Pure.

HOP is the number of the hop, 0 next to the client, or the id of its edge; without it the first hop is meant.
VALUE is JSON where it can be read as such, text otherwise. It must never change a file.
"""

import json
from collections.abc import Sequence

import msgspec

from firstbyte.harness.files.loader import LoadedProfile, consistent, profile_from, with_key
from firstbyte.harness.problems import BadInput

HELP = (
    "one key of the profile, such as timers.proxy-read.limit=5s; for another hop of a chain than the first "
    "1:KEY=VALUE or NAME:KEY=VALUE; repeatable"
)


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """A key and its value. hop: a number or an edge's id."""

    hop: str
    key: str
    value: object

    def is_for(self, number: int, edge: str) -> bool:
        """Whether this hop of a chain is meant."""
        return self.hop in (str(number), edge)


def parse_setting(text: str) -> Setting:
    """Read `[HOP:]KEY=VALUE`; BadInput when it is not that."""
    name, equals, value = text.partition("=")
    hop, colon, key = name.strip().rpartition(":")
    if not equals or not key or (colon and not hop):
        raise BadInput(f"--set: '{text}' is not [HOP:]KEY=VALUE; write timers.read.limit=5s, say")
    return Setting(hop=hop or "0", key=key, value=_value(value.strip()))


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def apply(loaded: LoadedProfile, settings: Sequence[Setting]) -> LoadedProfile:
    """The profile with the keys changed. What is set is no longer unknown: its `assume` must not win."""
    if not settings:
        return loaded
    keys = {setting.key for setting in settings}
    unknown = [one for one in loaded.raw.get("unknown", []) if one.get("key") not in keys]
    raw = {**loaded.raw, "unknown": unknown}
    try:
        for setting in settings:
            raw = with_key(raw, setting.key, setting.value, loaded.path)
        return consistent(profile_from(raw, loaded.path))
    except BadInput as error:
        raise BadInput(f"--set {', '.join(sorted(keys))}: {error}") from error


def apply_to_chain(hops: Sequence[LoadedProfile], settings: Sequence[Setting]) -> tuple[LoadedProfile, ...]:
    """Each hop with the settings meant for it."""
    return tuple(
        apply(hop, [one for one in settings if one.is_for(number, hop.profile.id)])
        for number, hop in enumerate(hops)
    )


def check_all_used(settings: Sequence[Setting], chains: Sequence[Sequence[LoadedProfile]]) -> None:
    """BadInput for a setting that no hop of any chain is meant by."""
    there = {
        name for hops in chains for number, hop in enumerate(hops) for name in (str(number), hop.profile.id)
    }
    for setting in settings:
        if setting.hop not in there:
            raise BadInput(f"--set {setting.key}: there is no hop '{setting.hop}' in any edge that is run")
