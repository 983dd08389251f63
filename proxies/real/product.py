"""What a real product is: it can be found, has a version, and turns a profile into a configuration.

It lets a run compare an emulated edge with the product that it stands for. A product must never listen
anywhere but on loopback, or write outside the run's folder.
"""

import resource
import shutil
import subprocess
import sysconfig
from abc import ABC, abstractmethod
from pathlib import Path

import msgspec

from firstbyte.harness.model.profile import Profile
from firstbyte.harness.model.units import Duration

LOOPBACK = "127.0.0.1"
VERSION_SECONDS = 20.0
MOST_REQUESTS = 9_000
SPARE_DESCRIPTORS = 200
_SYSTEM = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """A port on which the product listens, and the port of the origin behind it, both on loopback."""

    port: int
    upstream: int


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """How to start a product. files: texts by name, in the run's folder. environment: added to ours.

    limits: the scaled limit that each timer of the profile really got; a product that counts in whole seconds
    rounds it. inexpressible: what the profile says and the product can't do. drops_root: it refuses to serve
    as root, so it is started as nobody.
    """

    command: tuple[str, ...]
    files: dict[str, str]
    limits: dict[str, Duration]
    environment: dict[str, str] = {}
    inexpressible: tuple[str, ...] = ()
    drops_root: bool = False


class Product(ABC):
    """One real product. name: the id of its profile. install: the command that installs it.

    programs: the names that its file may have, if they differ from the product's. timers: the profile's
    timers that wait for the origin, which get the limit of a comparison. version_option: prints the version,
    after `version_mark`.
    """

    name: str
    install: str
    timers: tuple[str, ...]
    programs: tuple[str, ...] = ()
    version_option = "-v"
    version_mark: str

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def find(self) -> Path | None:
        """Return the program, or None if this machine has none."""
        return next(filter(None, map(_find_program, self.programs or (self.name,))), None)

    def version(self, program: Path) -> str:
        """Return the version that the program prints, or ''."""
        rest = self.version_text(program).partition(self.version_mark)[2].split()
        return rest[0].strip("(),") if rest else ""

    def version_text(self, program: Path) -> str:
        """Return the text with the version, or '' if the program can't be run."""
        command = [str(program), self.version_option]
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                text=True,
                timeout=VERSION_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return done.stdout + done.stderr

    @abstractmethod
    def configure(self, program: Path, profile: Profile, routes: tuple[Route, ...], folder: Path) -> Setup:
        """Return files and command for a profile whose limits are already scaled."""


def most_requests() -> int:
    """Return how many requests a product must hold at once. Each takes two descriptors of its process."""
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if allowed == resource.RLIM_INFINITY:
        return MOST_REQUESTS
    return min(MOST_REQUESTS, max(1, (allowed - SPARE_DESCRIPTORS) // 2))


def _find_program(name: str) -> Path | None:
    """Look beside our Python, on PATH, and where systems keep servers."""
    for path in (sysconfig.get_path("scripts"), None, _SYSTEM):
        found = shutil.which(name, path=path)
        if found:
            return Path(found)
    return None


class Limits:
    """The limits of a profile's timers, by name."""

    def __init__(self, profile: Profile) -> None:
        #: Unrounded, for a product that takes microseconds.
        self.exact = {timer.name: timer.limit for timer in profile.timers if timer.limit is not None}

    def __repr__(self) -> str:
        return f"<Limits {self.exact}>"

    def of(self, timer: str) -> Duration | None:
        """Return the limit of a timer, or None if it has none."""
        return self.exact.get(timer)

    def milliseconds(self, timer: str) -> int:
        """Return whole milliseconds, at least one, or 0 for no limit."""
        limit = self.of(timer)
        return 0 if limit is None else max(1, round(limit / 1_000))

    def in_milliseconds(self) -> dict[str, Duration]:
        """Return the limits of a product that counts in whole milliseconds."""
        return {name: Duration(self.milliseconds(name) * 1_000) for name in self.exact}


def as_json(document: object) -> str:
    """Return the text of a configuration file in JSON."""
    return msgspec.json.format(msgspec.json.encode(document)).decode()
