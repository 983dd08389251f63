"""Reads TOML files into the frozen data types. Errors name the file, the key, the reason and the cure.

Values that a file leaves out are not filled in, except the `assume` of an unknown value.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import tomli

from firstbyte.harness.model.profile import Evidence, Profile
from firstbyte.harness.model.profile_complaints import complaints
from firstbyte.harness.model.scenario import Suite
from firstbyte.harness.model.shape import Shape
from firstbyte.harness.model.units import BadDuration, Duration, parse_duration
from firstbyte.harness.problems import BadInput, did_you_mean

_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(.+?)`(?: - at `(.+)`)?")
_GENERAL = re.compile(r"(.+?)(?: - at `(.+)`)?$", re.S)


class LoadedProfile(msgspec.Struct, frozen=True, kw_only=True):
    """A profile, the evidence for its values, and the file it came from. raw: the TOML it was read from."""

    profile: Profile
    evidence: Evidence
    path: Path
    raw: dict[str, Any] = {}


@cache
def profiles_dir() -> Path:
    """The folder of the profiles that come with firstbyte."""
    return Path(__file__).resolve().parents[2] / "proxies" / "profiles"


def read_toml(path: Path) -> dict[str, Any]:
    """Parse one file; BadInput if it can't be read or is no TOML. The result is shared, so change a copy."""
    try:
        status = path.stat()
        return _parsed(path, (status.st_mtime_ns, status.st_size))
    except OSError as error:
        raise BadInput(f"{path}: can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: is not UTF-8 text: {error.reason} at byte {error.start}") from error
    except msgspec.DecodeError as error:
        raise BadInput(f"{path}: is not valid JSON: {error}") from error
    except tomli.TOMLDecodeError as error:
        raise BadInput(f"{path}: is not valid TOML: {error}") from error


@cache
def _parsed(path: Path, _version: tuple[int, int]) -> dict[str, Any]:
    """Parse one version of a file. Cached, since `check` reads a file several times.

    A file that a runner writes for one of its processes is JSON.
    """
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        return msgspec.json.decode(text, type=dict[str, Any])
    return tomli.loads(text)


def decode[T](raw: object, kind: type[T], path: Path | str) -> T:
    """Build `kind` from parsed TOML; BadInput names the file and the key."""
    try:
        return msgspec.convert(raw, kind, dec_hook=_decode_custom, strict=True)
    except msgspec.ValidationError as error:
        raise BadInput(f"{path}: {_explain(str(error), kind)}") from error


def _decode_custom(kind: type, value: object) -> object:
    if kind is Duration:
        if not isinstance(value, str):
            raise ValueError(f"'{value}' has no unit; write \"{value}s\"")
        try:
            return _duration(value)
        except BadDuration as error:
            raise ValueError(str(error)) from error
    if kind is Path:
        return Path(str(value))
    raise NotImplementedError(f"no decoder for {kind}")


_duration = cache(parse_duration)
"""Cached: the same few durations are in every file."""


def _explain(message: str, kind: type) -> str:
    unknown = _UNKNOWN_FIELD.match(message)
    if unknown:
        name, where = unknown.groups()
        return f"{_key(where)}unknown key '{name}'{did_you_mean(name, _fields_at(kind, where or '$'))}"
    general = _GENERAL.match(message)
    if general is None:
        return message
    reason, where = general.groups()
    return f"{_key(where)}{reason}"


def _key(where: str | None) -> str:
    text = (where or "").removeprefix("$").removeprefix(".")
    return f"{text}: " if text else ""


def _fields_at(kind: type, where: str) -> set[str]:
    """The known keys at a msgspec path such as `$.timers[...]`: those of the last struct on the path."""
    names = re.findall(r"\.([A-Za-z_]+)", where)
    info = msgspec.inspect.type_info(kind)
    for name in names:
        info = _inside(info)
        if isinstance(info, msgspec.inspect.StructType):
            found = [field.type for field in info.fields if field.encode_name == name]
            info = found[0] if found else info
    info = _inside(info)
    if isinstance(info, msgspec.inspect.StructType):
        return {field.encode_name for field in info.fields}
    return set()


def _inside(info: msgspec.inspect.Type) -> msgspec.inspect.Type:
    match info:
        case msgspec.inspect.VarTupleType() | msgspec.inspect.ListType():
            return _inside(info.item_type)
        case msgspec.inspect.DictType():
            return _inside(info.value_type)
        case msgspec.inspect.UnionType():
            structs = [one for one in info.types if isinstance(one, msgspec.inspect.StructType)]
            return structs[0] if structs else info
        case _:
            return info


def profile_names() -> tuple[str, ...]:
    """The ids of all profiles that come with firstbyte, sorted."""
    return tuple(sorted(path.stem for path in profiles_dir().glob("*.toml")))


def profile_path(name: str) -> Path:
    """The file for an id or a path; BadInput when there is none."""
    if name.endswith(".toml") or "/" in name:
        return Path(name)
    path = profiles_dir() / f"{name}.toml"
    if not path.is_file():
        raise BadInput(f"no edge '{name}'{did_you_mean(name, profile_names())}")
    return path


@cache
def load_profile(name: str) -> LoadedProfile:
    """Read a profile by id or by file path. Unknown keys get their `assume`, and the evidence lists them."""
    path = profile_path(name)
    return consistent(profile_from(read_toml(path), path))


def consistent(loaded: LoadedProfile) -> LoadedProfile:
    """Return the profile unchanged; BadInput with every complaint when it contradicts itself."""
    lines = [f"{loaded.path}: {complaint}" for complaint in complaints(loaded.profile)]
    if lines:
        raise BadInput("\n".join(lines))
    return loaded


def profile_from(raw: dict[str, Any], path: Path) -> LoadedProfile:
    """Build a profile and its evidence from parsed TOML: `[[source]]` and `[[unknown]]` are the evidence."""
    rest = dict(raw)
    evidence = decode({"sources": rest.pop("source", []), "unknown": rest.pop("unknown", [])}, Evidence, path)
    for unknown in evidence.unknown:
        rest = with_key(rest, unknown.key, unknown.assume, path)
    return LoadedProfile(profile=decode(rest, Profile, path), evidence=evidence, path=path, raw=raw)


def with_key(raw: dict[str, Any], key: str, value: object, path: Path | str) -> dict[str, Any]:
    """A copy of `raw` with a dotted key set. A list of tables is searched by `name`: `timers.read.limit`."""
    head, _, rest = key.partition(".")
    if not rest:
        return {**raw, head: value}
    below = raw.get(head, {})
    if isinstance(below, list):
        return {**raw, head: _with_named(below, rest, value, f"{path}: {head}")}
    if not isinstance(below, dict):
        raise BadInput(f"{path}: '{key}': '{head}' is a value, not a table")
    return {**raw, head: with_key(below, rest, value, path)}


def _with_named(entries: list[dict[str, Any]], key: str, value: object, where: str) -> list[dict[str, Any]]:
    name, _, rest = key.partition(".")
    if not rest:
        raise BadInput(f"{where}: '{key}': write '<name>.<key>'")
    if not any(entry.get("name") == name for entry in entries):
        names = [str(entry.get("name")) for entry in entries]
        raise BadInput(f"{where}: no entry named '{name}'{did_you_mean(name, names)}")
    return [with_key(entry, rest, value, where) if entry.get("name") == name else entry for entry in entries]


@cache
def pages_dir() -> Path:
    """The folder of the pages that come with firstbyte, with an adapter for each."""
    return Path(__file__).resolve().parents[2] / "reference_server" / "ui"


@cache
def scenarios_dir() -> Path:
    """The folder of the scenarios that come with firstbyte."""
    return Path(__file__).resolve().parents[2] / "scenarios"


@cache
def load_suite(path: Path) -> Suite:
    """Read one scenario file."""
    return decode(read_toml(path), Suite, path)


@cache
def load_suites() -> tuple[Suite, ...]:
    """All suites that come with firstbyte, the hero first, then by name."""
    paths = sorted(scenarios_dir().glob("*.toml"), key=lambda path: (path.stem != "hero", path.stem))
    return tuple(load_suite(path) for path in paths)


@cache
def load_shape(name: str) -> Shape:
    """Read a wire shape by id or by file path."""
    path = Path(name) if name.endswith(".toml") else scenarios_dir() / "shapes" / f"{name}.toml"
    if not path.is_file():
        raise BadInput(f"no wire shape '{name}'{did_you_mean(name, shape_names())}")
    return decode(read_toml(path), Shape, path)


def shape_names() -> tuple[str, ...]:
    """The ids of all wire shapes that come with firstbyte, sorted."""
    return tuple(sorted(path.stem for path in (scenarios_dir() / "shapes").glob("*.toml")))
