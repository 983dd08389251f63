"""`[tool.firstbyte]` of pyproject.toml, and `--firstbyte-edge`: which edges a project's tests run behind."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from firstbyte.harness.files.loader import decode, load_profile, read_toml

DEFAULT_PROFILE = "cloudflare"


class ProjectSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """profile: of the `edge` fixture where a test names none. edges: those behind which tests marked
    `firstbyte` run.
    """

    profile: str = DEFAULT_PROFILE
    edges: tuple[str, ...] = ()


class _Tool(msgspec.Struct, frozen=True):
    firstbyte: ProjectSettings = ProjectSettings()


class _Document(msgspec.Struct, frozen=True):
    tool: _Tool = _Tool()


def read_settings(root: Path) -> ProjectSettings:
    """The settings of the project at `root`, or the defaults. Raises BadInput with file, key and cure."""
    path = root / "pyproject.toml"
    if not path.is_file():
        return ProjectSettings()
    found = decode(read_toml(path), _Document, path).tool.firstbyte
    for name in (found.profile, *found.edges):
        _check(name)
    return found


def edges_of(settings: ProjectSettings, chosen: Sequence[str]) -> tuple[str, ...]:
    """The edges of marked tests: from the command line, else the settings, else the default profile."""
    for name in chosen:
        _check(name)
    return tuple(chosen) or settings.edges or (settings.profile,)


def _check(names: str) -> None:
    for name in names.split(","):
        load_profile(name)
