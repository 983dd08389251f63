"""Part of `make format`: the JSON Schemas anew, and in each data file the line that names its schema.

Taplo and Even Better TOML read it. Must be run by the Python of `.venv`.
"""

from __future__ import annotations

import os
from pathlib import Path

from machine import ROOT

from firstbyte.harness.commands.schema import write_all

SCHEMAS = ROOT / "harness" / "schemas"
MARK = "#:schema "
FILES = {
    "profile": ("proxies/profiles/*.toml",),
    "scenario": ("scenarios/*.toml",),
    "shape": ("scenarios/shapes/*.toml",),
    "adapter": ("reference_server/ui/*.toml", "examples/**/adapter*.toml"),
}


def line_of(path: Path, name: str) -> str:
    """The first line of a data file."""
    return f"{MARK}{os.path.relpath(SCHEMAS / f'{name}.json', path.parent)}\n"


def mark(path: Path, name: str) -> None:
    """Gives the file its line; one that is right stays as it is."""
    text = path.read_text(encoding="utf-8")
    first, _, rest = text.partition("\n")
    body = rest if first.startswith(MARK) else text
    wanted = line_of(path, name) + body
    if wanted != text:
        path.write_text(wanted, encoding="utf-8")


def main() -> None:
    """All schemas, all files."""
    SCHEMAS.mkdir(exist_ok=True)
    write_all(SCHEMAS)
    for name, patterns in FILES.items():
        for path in sorted(found for pattern in patterns for found in ROOT.glob(pattern)):
            mark(path, name)


if __name__ == "__main__":
    main()
