"""Installs npm packages into a cache, exactly as a lock file names them and without running their scripts.

It must never install a package without a hash in the lock file, or take an incomplete folder for a complete
one.
"""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from firstbyte.harness.problems import MissingTool, SetupFailed

STAMP = "firstbyte.stamp"
SECONDS = 600.0
NO_NPM = (
    "no npm here: Debian or Ubuntu: apt-get install nodejs npm; elsewhere: install Node 20 or newer with npm"
)
_OPTIONS = ("--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--loglevel=error")


def cache_dir() -> Path:
    """Return FIRSTBYTE_CACHE, or .cache in a clone, or the user's cache folder."""
    if chosen := os.environ.get("FIRSTBYTE_CACHE"):
        return Path(chosen)
    clone = Path(__file__).resolve().parents[2]
    if (clone / "Makefile").exists() and (clone / ".make").is_dir():
        return clone / ".cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "firstbyte"


class Packages:
    """The packages of one package.json and its lock file. source: the folder of both files."""

    def __init__(self, source: Path) -> None:
        self.source = source
        self.folder = cache_dir() / "npm" / source.name

    def __repr__(self) -> str:
        return f"<Packages {self.source.name} {'there' if self.is_there else 'not there'}>"

    @property
    def modules(self) -> Path:
        """The node_modules folder."""
        return self.folder / "node_modules"

    @property
    def is_there(self) -> bool:
        """Whether the packages of the current lock file are installed."""
        try:
            return (self.folder / STAMP).read_text() == self._key()
        except FileNotFoundError:
            return False

    def install(self) -> None:
        """Run `npm ci`, unless the packages are installed already."""
        if self.is_there:
            return
        npm = shutil.which("npm")
        if npm is None:
            raise MissingTool(NO_NPM)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(self.source / name, self.folder)
        self._run([npm, "ci", *_OPTIONS])
        (self.folder / STAMP).write_text(self._key())

    def _run(self, command: list[str]) -> None:
        try:
            done = subprocess.run(
                command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise SetupFailed(f"npm ci for {self.source.name} took more than {SECONDS:.0f} s") from error
        if done.returncode:
            output = done.stdout.decode(errors="replace").strip()[-800:]
            raise SetupFailed(f"npm ci for {self.source.name} failed: {output}")

    def _key(self) -> str:
        return hashlib.sha256((self.source / "package-lock.json").read_bytes()).hexdigest()
