"""`[tool.firstbyte]` of pyproject.toml, and `--firstbyte-edge`: which edges a project's tests run behind."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from firstbyte.harness.files.loader import decode, load_profile, read_toml

DEFAULT_PROFILE = "cloudflare"


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """profile: of the `edge` fixture where a test names none. edges: those that tests marked `firstbyte` run
    behind.
    """

    profile: str = DEFAULT_PROFILE
    edges: tuple[str, ...] = ()


class _Tool(msgspec.Struct, frozen=True):
    firstbyte: Settings = Settings()


class _Document(msgspec.Struct, frozen=True):
    tool: _Tool = _Tool()


def read_settings(root: Path) -> Settings:
    """Of the project at `root`; the defaults where it has none. BadInput names file, key and cure."""
    path = root / "pyproject.toml"
    if not path.is_file():
        return Settings()
    found = decode(read_toml(path), _Document, path).tool.firstbyte
    for name in (found.profile, *found.edges):
        _check(name)
    return found


def edges_of(settings: Settings, chosen: Sequence[str]) -> tuple[str, ...]:
    """The edges of marked tests: those of the command line, else those of the settings, else the profile."""
    for name in chosen:
        _check(name)
    return tuple(chosen) or settings.edges or (settings.profile,)


def _check(names: str) -> None:
    for name in names.split(","):
        load_profile(name)
