"""`make lock`: writes the hash-pinned requirement files; with `--check` tells whether they are in step.

Each file's first line holds the hash of what it was made from, so the check needs no network. No index
address gets into them: where packages come from is the machine's own business.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from installer import run, uv
from stamps import ROOT, say

FOLDER = ROOT / "requirements"
HEAD = "# Made by `make lock`; do not edit. Inputs: sha256="
COMMON = ("--universal", "--generate-hashes", "--no-header", "--no-annotate", "--quiet")
NO_ADDRESSES = ("--no-emit-index-url", "--no-emit-find-links")


@dataclass(frozen=True)
class Lock:
    """One requirement file: its name, what it is made from, and the options that say which part."""

    name: str
    source: str
    options: tuple[str, ...]


LOCKS = (
    Lock(
        "dev.txt",
        "pyproject.toml",
        (
            "--extra",
            "edge",
            "--extra",
            "audit",
            "--extra",
            "browser",
            "--extra",
            "charts",
            "--extra",
            "real",
            "--group",
            "dev",
            "--python-version",
            "3.12",
        ),
    ),
    Lock(
        "runtime.txt",
        "pyproject.toml",
        (
            "--extra",
            "edge",
            "--extra",
            "browser",
            "--constraints",
            "requirements/dev.txt",
            "--python-version",
            "3.12",
        ),
    ),
    Lock("adk.txt", "requirements/adk.in", ("--python-version", "3.12")),
    Lock("uv.txt", "requirements/uv.in", ("--python-version", "3.9")),
)


def inputs(lock: Lock) -> str:
    """Hash of what this file is made from: of pyproject.toml only the parts that name packages."""
    content = (ROOT / lock.source).read_text()
    if lock.source.endswith(".toml"):
        document = tomllib.loads(content)
        project = document["project"]
        named = ("requires-python", "dependencies", "optional-dependencies")
        content = json.dumps([document["dependency-groups"], {name: project[name] for name in named}])
    return hashlib.sha256(f"{content}{lock.options}".encode()).hexdigest()


def head(lock: Lock) -> str:
    """The first line of the file, if it is in step."""
    return f"{HEAD}{inputs(lock)}"


def is_in_step(lock: Lock) -> bool:
    """Whether the file was made from the inputs as they are."""
    path = FOLDER / lock.name
    return path.exists() and path.read_text().partition("\n")[0] == head(lock)


def write(lock: Lock, *, upgrade: bool) -> bool:
    """Makes the file anew, keeping the versions it has unless told to upgrade; False when uv could not."""
    path: Path = FOLDER / lock.name
    say(f"locking requirements/{lock.name}")
    command: list[str | Path] = [uv(), "pip", "compile", lock.source, *lock.options, *COMMON, *NO_ADDRESSES]
    if upgrade:
        command.append("--upgrade")
    if run([*command, "--output-file", path]):
        return False
    body = "".join(line for line in path.read_text().splitlines(True) if not line.startswith(HEAD))
    path.write_text(f"{head(lock)}\n{body}")
    return True


def main(arguments: list[str]) -> int:
    """Exit status 0 when every file is in step, 1 when not."""
    if "--check" not in arguments:
        return 0 if all(write(lock, upgrade="--upgrade" in arguments) for lock in LOCKS) else 1
    stale = [lock for lock in LOCKS if not is_in_step(lock)]
    for lock in stale:
        say(f"requirements/{lock.name} is not made from {lock.source} as it is; run `make lock`")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
