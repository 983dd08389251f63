"""Gets the program of a version from npm once, and verifies it.

The downloaded package is compared with its pinned integrity, and the program with its pinned hash each time
it is taken from the cache. A program that does not match must never run, and a partial one never be cached.
"""

import base64
import fcntl
import hashlib
import platform
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import msgspec

from firstbyte.harness.files.loader import decode, read_toml
from firstbyte.harness.problems import BadInput, MissingTool, SetupFailed, did_you_mean
from firstbyte.harness.targets.npm import NO_NPM, cache_dir

LISTED = Path(__file__).with_name("packages.toml")
MEMBER = "package/bin/opencode"
PATIENCE_SECONDS = 300
LOG_TAIL = 400
_MACHINES = {"x86_64": "x64", "aarch64": "arm64", "amd64": "x64"}


class Package(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A program for a platform. integrity: of the package, as npm writes it. program: its sha256, in hex."""

    package: str
    integrity: str
    program: str


@cache
def listed() -> dict[str, dict[str, Package]]:
    """Return the packages by version and platform."""
    return decode(read_toml(LISTED), dict[str, dict[str, Package]], LISTED)


def this_platform() -> str:
    """Return the platform as npm's packages name it: linux-x64."""
    machine = platform.machine().lower()
    return f"{platform.system().lower()}-{_MACHINES.get(machine, machine)}"


def package_of(version: str) -> Package:
    """Return the package. Raises BadInput for an unknown version, MissingTool for an unknown platform."""
    if version not in listed():
        raise BadInput(f"--target: opencode@{version} is not pinned{did_you_mean(version, listed())}")
    found = listed()[version].get(this_platform())
    if found is None:
        raise MissingTool(
            f"opencode@{version}: no program is pinned for {this_platform()}; run it on "
            f"{' or '.join(listed()[version])}, or measure one and add it to {LISTED.name}"
        )
    return found


def require(version: str) -> None:
    """Raise MissingTool if the program is not in the cache and there is no npm."""
    package_of(version)
    if not cached(version).exists() and not shutil.which("npm"):
        raise MissingTool(f"opencode@{version}: is not in {cache_dir()}, and {NO_NPM}")


def cached(version: str) -> Path:
    """Return where the program is, or will be."""
    return cache_dir() / f"opencode-{version}-{this_platform()}" / "opencode"


def program_of(version: str) -> Path:
    """Return the program, from the cache or from npm.

    Raises MissingTool if npm can't get it, and SetupFailed if it is not the pinned one.
    """
    package = package_of(version)
    program = cached(version)
    with _one_at_a_time(program):
        if not program.exists():
            require(version)
            _fetch(version, package, program)
        _check_program(version, program, package)
    return program


@contextmanager
def _one_at_a_time(program: Path) -> Iterator[None]:
    """Hold a lock, so that other processes wait and then find the program in the cache."""
    program.parent.mkdir(parents=True, exist_ok=True)
    with program.with_name("lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch(version: str, package: Package, program: Path) -> None:
    with tempfile.TemporaryDirectory(dir=program.parent, prefix="fetch-") as folder:
        archive = _packed(f"{package.package}@{version}", Path(folder))
        if (found := _integrity(archive)) != package.integrity:
            raise SetupFailed(
                f"opencode@{version}: npm gave a package with {found}, pinned is {package.integrity}; "
                "nothing of it was run"
            )
        part = Path(folder, "opencode")
        with tarfile.open(archive) as packed, part.open("wb") as out:
            member = packed.extractfile(MEMBER)
            assert member is not None, f"{MEMBER} is a file"
            shutil.copyfileobj(member, out)
        part.chmod(0o755)
        part.replace(program)


def _packed(name: str, folder: Path) -> Path:
    command = ["npm", "pack", name, "--silent", "--ignore-scripts", "--pack-destination", str(folder)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False, cwd=folder
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingTool(f"{' '.join(command[:3])}: {error}; it needs npm and a network") from error
    archives = list(folder.glob("*.tgz"))
    if done.returncode or len(archives) != 1:
        said = (done.stderr.strip() or done.stdout.strip())[-LOG_TAIL:]
        raise MissingTool(f"npm could not get {name}: {said or 'it said nothing'}; it needs a network")
    return archives[0]


def _integrity(path: Path) -> str:
    return "sha512-" + base64.b64encode(_hashed(path, "sha512")).decode()


def _check_program(version: str, program: Path, package: Package) -> None:
    if _hashed(program, "sha256").hex() != package.program:
        raise SetupFailed(
            f"opencode@{version}: {program} is not the program that is pinned; remove it, it is fetched again"
        )


def _hashed(path: Path, name: str) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, name).digest()
