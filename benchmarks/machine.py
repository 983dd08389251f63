"""The machine and the versions with which the figures were measured."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

import msgspec

from firstbyte.harness.version import package_version

PACKAGES = ("h11", "mitmproxy", "msgspec", "rich", "starlette", "uvicorn")


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """The machine and the versions.

    load: processes that wanted to run, averaged over a minute, before and after the measurements.
    """

    processor: str
    cores: int
    system: str
    python: str
    load: tuple[float, float]
    versions: dict[str, str]


def load() -> float:
    """Processes that wanted to run, averaged over the last minute."""
    return round(os.getloadavg()[0], 2)


def this_machine(load_before: float) -> Machine:
    """Return what is known of this machine."""
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        load=(load_before, load()),
        versions={"firstbyte": package_version(), **{name: version(name) for name in PACKAGES}},
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
