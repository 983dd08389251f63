"""What every step of `make setup` needs: where things go, running a command, and doing nothing twice.

A step is remembered by the content of its inputs, never by file times: a fresh clone, a branch switch and a
touched file all behave the same. (uv has no such memory: asking it whether `.venv` is in step takes seconds.)
Runs on any Python 3.9, before anything is installed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"


class MachineLacks(Exception):
    """Something this machine has to provide and does not; the text says what, and how to get it."""


def say(text: str) -> None:
    """Print a progress line on stderr, so that no command's output is disturbed."""
    print(f"setup: {text}", file=sys.stderr, flush=True)


def run(command: list[str | Path], log: Path | None = None) -> bool:
    """Run a command here without standard input, its output on stderr or in the log; whether it succeeded."""
    words = [str(word) for word in command]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with log.open("ab") if log else nullcontext(sys.stderr) as out:
        return not subprocess.run(
            words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=ROOT, env=environment, check=False
        ).returncode


def succeeds(command: list[str | Path]) -> bool:
    """Whether a command that nobody wants to read succeeds; one that isn't there doesn't."""
    try:
        return not subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
        ).returncode
    except (OSError, subprocess.TimeoutExpired):
        return False


def fingerprint(*inputs: Path | str) -> str:
    """Hash of the content of files that exist, the absence of those that don't, and plain strings."""
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
    return stamp.is_file() and stamp.read_text() == key


def finish(stamp: Path, key: str) -> None:
    """Remember a step. The step removes its stamp first: one that is interrupted must not look finished."""
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(key)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let one set-up run in this folder; a second one waits for it, then finds the work done."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another `make` is setting up here; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def apt_install(packages: list[str], log: Path) -> None:
    """Install Debian's packages one after the other where we may install any, without starting a service."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    where = log.relative_to(ROOT)
    say(f"installing {', '.join(packages)} with apt-get (a minute or two; what it prints goes to {where})")
    with _no_service_starts():
        run(["apt-get", "update", "-qq"], log)
        for package in packages:
            run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *package.split()], log)


@contextmanager
def _no_service_starts() -> Iterator[None]:
    """Debian asks this file before a package may start a service; one that exists already stays."""
    policy = Path("/usr/sbin/policy-rc.d")
    if policy.exists():
        yield
        return
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink()
