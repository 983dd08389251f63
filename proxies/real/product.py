"""What every real product can do: be found, say its version, and turn a profile into a configuration.

It exists so that an emulated edge can be compared with the product it stands for, in one run. It must never
start anything itself, listen anywhere but on loopback, or write outside the run's own folder.
"""

import resource
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Protocol

import msgspec

from firstbyte.harness.model.profile import Profile
from firstbyte.harness.model.units import Duration

LOOPBACK = "127.0.0.1"
VERSION_SECONDS = 20.0
MOST_REQUESTS = 9_000
SPARE_DESCRIPTORS = 200
_SYSTEM = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One way through the product: where it listens, and the one origin behind it, both on loopback."""

    port: int
    upstream: int


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """How to start a product. files: name in the run's folder -> text. environment: what is added to it.

    limits: the limit each timer of the profile really got, scaled; a product that counts in whole seconds
    gets another one than it was asked for. inexpressible: what the profile says and the product can't.
    drops_root: it refuses to serve as root, so it is started as nobody.
    """

    command: tuple[str, ...]
    files: dict[str, str]
    limits: dict[str, Duration]
    environment: dict[str, str] = {}
    inexpressible: tuple[str, ...] = ()
    drops_root: bool = False


class Product(Protocol):
    """One real product. name: the id of its profile. install: the command that gets it.

    timers: the timers of the profile that wait for the origin and get the limit of a comparison.
    """

    name: str
    install: str
    timers: tuple[str, ...]

    def find(self) -> Path | None:
        """The program, or None when this machine has none."""

    def version(self, program: Path) -> str:
        """What the program says of itself."""

    def configure(self, program: Path, profile: Profile, routes: tuple[Route, ...], folder: Path) -> Setup:
        """Files and command for this profile, whose limits are scaled already."""


class Installed:
    """What most products have in common. program: its file's name, where that is not the product's."""

    name = ""
    program = ""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def find(self) -> Path | None:
        """The program."""
        return find_program(self.program or self.name)


def most_requests() -> int:
    """How many requests a product is set up to hold at once: each takes two descriptors of its process."""
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if allowed == resource.RLIM_INFINITY:
        return MOST_REQUESTS
    return min(MOST_REQUESTS, max(1, (allowed - SPARE_DESCRIPTORS) // 2))


def find_program(name: str) -> Path | None:
    """On PATH, beside our Python, or where systems keep servers."""
    for path in (sysconfig.get_path("scripts"), None, _SYSTEM):
        found = shutil.which(name, path=path)
        if found:
            return Path(found)
    return None


def said_by(command: tuple[str | Path, ...]) -> str:
    """Both outputs of a command that prints its version; empty when it can't be run."""
    try:
        done = subprocess.run(
            [str(word) for word in command],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=VERSION_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout + done.stderr


def word_after(text: str, mark: str) -> str:
    """The word that follows `mark`; empty when there is none."""
    rest = text.partition(mark)[2].split()
    return rest[0].strip("(),") if rest else ""


def limit_of(profile: Profile, timer: str) -> Duration | None:
    """The limit of a timer, None when it has none."""
    return next((one.limit for one in profile.timers if one.name == timer), None)


def given_limits(profile: Profile) -> dict[str, Duration]:
    """The limits as they are: for a product that takes microseconds, or all that matters of them."""
    return {timer.name: timer.limit for timer in profile.timers if timer.limit is not None}


def milliseconds(limit: Duration | None) -> int:
    """Whole milliseconds, at least one; 0 for none."""
    return 0 if limit is None else max(1, round(limit / 1_000))


def in_milliseconds(profile: Profile) -> dict[str, Duration]:
    """What a product gets that counts in whole milliseconds."""
    return {name: Duration(milliseconds(limit) * 1_000) for name, limit in given_limits(profile).items()}
