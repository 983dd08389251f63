"""Each dependency is there for a reason that is written beside it."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

LISTS = ("dependencies = [", "edge = [", "test = [")


def reasonless(text: str) -> Iterator[str]:
    """Entries of pyproject.toml's dependency lists with no comment on the line before or above their list."""
    before = ""
    inside = False
    for raw in text.splitlines():
        line = raw.strip()
        is_list = " = [" in raw and not raw.startswith(" ")
        if inside and line.startswith('"') and not before.startswith("#"):
            yield line
        if is_list and line.endswith("]") and _is_of_names(line) and not before.startswith("#"):
            yield line
        if is_list and not line.endswith("]"):
            inside = line in LISTS
        elif line == "]":
            inside = False
        before = line


def _is_of_names(line: str) -> bool:
    name = line.partition(" = ")[0]
    return name in (
        "browser",
        "audit",
        "real",
        "lint",
        "build",
        "bench",
        "fuzz",
        "docs",
        "charts",
        "load",
        "wsgi",
    )


def test_every_dependency_has_its_reason(root: Path) -> None:
    assert list(reasonless((root / "pyproject.toml").read_text())) == []


def test_no_list_of_dependencies_is_unknown_here(root: Path) -> None:
    document = tomllib.loads((root / "pyproject.toml").read_text())
    names = {*document["project"]["optional-dependencies"], *document["dependency-groups"]} - {"dev"}
    assert [
        name for name in sorted(names) if f"{name} = [" not in LISTS and not _is_of_names(f"{name} = ")
    ] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('dependencies = [\n  "a",\n]', ['"a",']),
        ('dependencies = [\n  # why\n  "a",\n  "b",\n]', ['"b",']),
        ('browser = ["a"]', ['browser = ["a"]']),
        ('# why\nbrowser = ["a"]', []),
    ],
)
def test_an_entry_without_a_reason_is_found(text: str, found: list[str]) -> None:
    assert list(reasonless(text)) == found
