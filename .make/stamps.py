"""Remembers which set-up step was done with which inputs, so that a second `make` has nothing to do.

Keyed on content, never on file times: a fresh clone, a branch switch and a touched file all behave the same.
Runs on any Python 3.9, before anything is installed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"


class MachineLacks(Exception):
    """Something this machine has to bring and does not; the text says what, and how to get it."""


def say(text: str) -> None:
    """One progress line, on stderr so that no command's output is disturbed."""
    print(f"setup: {text}", file=sys.stderr, flush=True)


def fingerprint(*inputs: Path | str) -> str:
    """Of the content of files that exist, the absence of those that don't, and plain strings."""
    digest = hashlib.sha256()
    for item in inputs:
        if isinstance(item, str):
            part = item.encode()
        else:
            part = item.read_bytes() if item.is_file() else b"\0absent"
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


def is_done(stamp: Path, key: str) -> bool:
    """Whether the step behind this stamp was finished with exactly these inputs."""
    try:
        return stamp.read_text() == key
    except FileNotFoundError:
        return False


def begin(stamp: Path) -> None:
    """Forget the step before it starts over: one that is cut short must not look finished."""
    stamp.unlink(missing_ok=True)


def finish(stamp: Path, key: str) -> None:
    """Record the step. Atomic, so a reader sees the whole key or none."""
    stamp.parent.mkdir(parents=True, exist_ok=True)
    fresh = stamp.with_name(f"{stamp.name}.{os.getpid()}")
    fresh.write_text(key)
    fresh.replace(stamp)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Lets one set-up run in this folder; a second one waits for it, then finds the work done."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another `make` is setting up here; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
