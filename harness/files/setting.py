"""Changes keys of a loaded profile, and reads such changes from the command line: `[HOP:]KEY=VALUE`. Pure.

HOP is the number of a hop, 0 next to the client, or the id of its edge; without it the first hop is meant.
VALUE is read as JSON if possible, else as text.
"""

import json
from collections.abc import Mapping, Sequence

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


def change(loaded: LoadedProfile, changes: Mapping[str, object]) -> LoadedProfile:
    """The profile with dotted keys changed. BadInput when that makes no sound profile.

    A changed key is no longer unknown, so that the `assume` of an unknown value can't replace the new one.
    """
    if not changes:
        return loaded
    unknown = [entry for entry in loaded.raw.get("unknown", []) if entry.get("key") not in changes]
    raw = {**loaded.raw, "unknown": unknown}
    for key, value in changes.items():
        raw = with_key(raw, key, value, loaded.path)
    return consistent(profile_from(raw, loaded.path))


def apply_to_chain(hops: Sequence[LoadedProfile], settings: Sequence[Setting]) -> tuple[LoadedProfile, ...]:
    """Each hop with the settings meant for it."""
    return tuple(
        _apply(
            hop,
            {setting.key: setting.value for setting in settings if setting.is_for(number, hop.profile.id)},
        )
        for number, hop in enumerate(hops)
    )


def _apply(hop: LoadedProfile, changes: Mapping[str, object]) -> LoadedProfile:
    try:
        return change(hop, changes)
    except BadInput as error:
        raise BadInput(f"--set {', '.join(sorted(changes))}: {error}") from error


def check_all_used(settings: Sequence[Setting], chains: Sequence[Sequence[LoadedProfile]]) -> None:
    """BadInput for a setting that is meant for no hop of any chain."""
    names = {
        name for hops in chains for number, hop in enumerate(hops) for name in (str(number), hop.profile.id)
    }
    for setting in settings:
        if setting.hop not in names:
            raise BadInput(f"--set {setting.key}: there is no hop '{setting.hop}' in any edge that is run")
