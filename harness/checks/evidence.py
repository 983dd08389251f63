"""Finds claims of a profile that have no evidence, and evidence that nobody can check. Pure.

It exists so that no number gets into an edge without a source and a date.
"""

from collections.abc import Iterator
from datetime import date

import msgspec

from firstbyte.harness.files.loader import LoadedProfile, decode, with_key
from firstbyte.harness.model.profile import Answer, EvidenceKind, Point, Profile, Source, Timer, Unknown
from firstbyte.harness.model.units import Duration, format_duration
from firstbyte.harness.problems import BadInput, did_you_mean

#: Defaults that say something about a product, so they need evidence even if a file leaves them out.
_TELLING = (
    "cut.http1",
    "cut.http2",
    "interim.on_100",
    "interim.on_102",
    "interim.on_103",
    "hold_header",
    "origin.on_expiry",
    "origin.on_client_leave",
    "resend",
)
_TELLING_OF_TIMER = ("starts_on", "stops_on", "reset_by", "limit", "answer")
#: Keys that are no claims about the product, and the tables whose entries are looked at one by one.
_NO_CLAIMS = frozenset({"id", "title", "summary", "timers", "answers"})


def evidence_complaints(loaded: LoadedProfile, today: date = date.max) -> Iterator[str]:
    """Every claim without evidence, and every fault in the evidence: file, key, reason and cure in a line.

    today: no source may have a later date.
    """
    where = loaded.path
    for line in _complaints(loaded, today):
        yield f"{where}: {line}"


def _complaints(loaded: LoadedProfile, today: date) -> Iterator[str]:
    claims = claimed_keys(loaded.profile)
    known = [key for source in loaded.evidence.sources for key in source.keys]
    known += [unknown.key for unknown in loaded.evidence.unknown]
    for claim in claims:
        if not any(claim == key or claim.startswith(f"{key}.") for key in known):
            yield f"{claim}: has neither a [[source]] nor an [[unknown]]; add one that names it"
    existing = _existing_keys(loaded.profile)
    for number, source in enumerate(loaded.evidence.sources):
        yield from _source_complaints(f"source[{number}]", source, existing, today)
    raw = to_raw(loaded.profile)
    for unknown in loaded.evidence.unknown:
        yield from _unknown_complaints(unknown, existing, raw)


def claimed_keys(profile: Profile) -> tuple[str, ...]:
    """The keys that claim something: each value that is not the default, and each default in _TELLING."""
    claims = dict.fromkeys(_TELLING)
    defaults = Profile(id="", title="", timers=(), answers={})
    for field in Profile.__struct_fields__:
        if field not in _NO_CLAIMS:
            claims |= dict.fromkeys(_changed(field, getattr(profile, field), getattr(defaults, field)))
    if any(Point.INTERIM_RECEIVED in (*timer.reset_by, *timer.stops_on) for timer in profile.timers):
        claims["interim.resets"] = None
    for timer in profile.timers:
        claims |= dict.fromkeys(f"timers.{timer.name}.{field}" for field in _TELLING_OF_TIMER)
    for name, answer in profile.answers.items():
        claims[f"answers.{name}.status"] = None
        claims |= dict.fromkeys(_changed(f"answers.{name}", answer, Answer(status=answer.status)))
    return tuple(claims)


def _changed(where: str, value: object, default: object) -> Iterator[str]:
    if isinstance(value, msgspec.Struct) and isinstance(default, msgspec.Struct):
        for field in value.__struct_fields__:
            yield from _changed(f"{where}.{field}", getattr(value, field), getattr(default, field))
    elif value != default:
        yield where


def _existing_keys(profile: Profile) -> frozenset[str]:
    keys: set[str] = set()
    for field in Profile.__struct_fields__:
        value = getattr(profile, field)
        keys.add(field)
        if isinstance(value, msgspec.Struct):
            keys |= {f"{field}.{name}" for name in value.__struct_fields__}
    for timer in profile.timers:
        keys |= {f"timers.{timer.name}", *(f"timers.{timer.name}.{name}" for name in Timer.__struct_fields__)}
    for name in profile.answers:
        keys |= {f"answers.{name}", *(f"answers.{name}.{field}" for field in Answer.__struct_fields__)}
    return frozenset(keys)


def _source_complaints(where: str, source: Source, existing: frozenset[str], today: date) -> Iterator[str]:
    if not source.keys:
        yield f"{where}.keys: is empty; name the keys it speaks of"
    for key in source.keys:
        if key not in existing:
            yield f"{where}.keys: there is no '{key}'{did_you_mean(key, existing)}"
    yield from _date_complaints(f"{where}.date", source.date, today)
    if not source.url and not source.version:
        yield f"{where}: has neither url nor version; say where it can be looked up"
    if source.url and not source.url.startswith("https://"):
        yield f"{where}.url: '{source.url}' is no https:// address; write it in full"
    if source.kind is EvidenceKind.MEASURED and not source.version:
        yield f"{where}.version: is missing; a measurement holds for the version measured only"
    if source.kind is EvidenceKind.DERIVED and not source.note:
        yield f"{where}.note: is missing; say how it is derived"


def _date_complaints(where: str, text: str, today: date) -> Iterator[str]:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        yield f"{where}: '{text}' is no date; write it as 2026-07-22"
        return
    if text != day.isoformat():
        yield f"{where}: '{text}' is not written as {day.isoformat()}"
    if day > today:
        yield f"{where}: {text} is in the future; today is {today.isoformat()}"


def _unknown_complaints(unknown: Unknown, existing: frozenset[str], raw: dict[str, object]) -> Iterator[str]:
    where = f"unknown '{unknown.key}'"
    if unknown.key not in existing:
        yield f"{where}: there is no such key{did_you_mean(unknown.key, existing)}"
        return
    if not unknown.note:
        yield f"{where}.note: is missing; say what was looked for"
    if len(unknown.allowed) < 2 or any(one in unknown.allowed[:n] for n, one in enumerate(unknown.allowed)):
        yield f"{where}.allowed: needs at least two different values; for a single one write a [[source]]"
    if unknown.assume not in unknown.allowed:
        yield f"{where}.assume: {unknown.assume!r} is not among the allowed values; choose one of them"
    for value in unknown.allowed:
        try:
            decode(with_key(raw, unknown.key, value, where), Profile, where)
        except BadInput as error:
            yield f"{where}.allowed: {value!r} can't be a value of it: {error}"


def to_raw(profile: Profile) -> dict[str, object]:
    """The profile as parsed TOML: durations have a unit, and what is None is left out."""
    raw: dict[str, object] = msgspec.to_builtins(profile, enc_hook=_encode_custom)
    timers = [msgspec.to_builtins(timer, enc_hook=_encode_custom) for timer in profile.timers]
    return {**raw, "timers": [{k: v for k, v in timer.items() if v is not None} for timer in timers]}


def _encode_custom(value: object) -> object:
    if isinstance(value, Duration):
        return format_duration(value)
    raise NotImplementedError(f"no encoder for {type(value)}")
