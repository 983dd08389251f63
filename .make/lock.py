"""`make lock`: writes the hash-pinned requirement files; with `--check` tells whether they are in step.

Each file's first line holds the hash of what it was made from, so the check needs no network. No index
address gets into them: where packages come from depends on the machine.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tomllib
from pathlib import Path

from environment import PINS, uv
from machine import ROOT, run, say

HEAD = "# Made by `make lock`; do not edit. Inputs: sha256="
COMMON = (
    "--universal --generate-hashes --no-header --no-annotate --quiet --no-emit-index-url --no-emit-find-links"
)
LOCKS = {
    "dev.txt": (
        "pyproject.toml --extra edge --extra audit --extra browser --extra charts --extra real --extra wsgi "
        "--group dev --python-version 3.12"
    ),
    "runtime.txt": (
        "pyproject.toml --extra edge --extra browser --constraints requirements/dev.txt --python-version 3.12"
    ),
    "adk.txt": "requirements/adk.in --python-version 3.12",
    "uv.txt": "requirements/uv.in --python-version 3.9",
}
"""File -> what it is made from, and which part of it."""


def head(options: str) -> str:
    """The first line of a file in step: of pyproject.toml only the parts that name packages count."""
    source = options.split(maxsplit=1)[0]
    content = (ROOT / source).read_text()
    if source.endswith(".toml"):
        document = tomllib.loads(content)
        named = ("requires-python", "dependencies", "optional-dependencies")
        content = json.dumps([document["dependency-groups"], *(document["project"][name] for name in named)])
    return f"{HEAD}{hashlib.sha256((content + options).encode()).hexdigest()}"


def write(path: Path, options: str, *more: str) -> bool:
    """Make the file anew, with the versions it has unless `--upgrade` is given; False when uv could not."""
    say(f"locking requirements/{path.name}")
    if not run([uv(), "pip", "compile", *options.split(), *COMMON.split(), *more, "--output-file", path]):
        return False
    body = "".join(line for line in path.read_text().splitlines(True) if not line.startswith(HEAD))
    path.write_text(f"{head(options)}\n{body}")
    return True


def main(arguments: list[str]) -> int:
    """Exit status 0 when every file is in step, 1 when not."""
    if "--check" not in arguments:
        return 0 if all(write(PINS / name, options, *arguments) for name, options in LOCKS.items()) else 1
    stale = [
        name for name, options in LOCKS.items() if not (PINS / name).read_text().startswith(head(options))
    ]
    for name in stale:
        say(f"requirements/{name} is not made from {LOCKS[name].split()[0]} as it is; run `make lock`")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
