"""Finds the real proxy products that `firstbyte grid` compares with and programs that tests start, and gets
those that Debian has.

Envoy, Caddy and Traefik come with the packages of `.venv`. A machine without the others is still set up:
the grid and its tests say which are missing. Must never start a service: packages that want to are kept
from it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from browser import logged
from stamps import CACHE, begin, finish, is_done, say

PROGRAMS = {
    "nginx": ("nginx",),
    "haproxy": ("haproxy",),
    "varnish": ("varnishd",),
    "apache2-bin": ("apache2", "httpd"),
    "nghttp2-client": ("h2load",),  # no product: what `make bench` loads them with
    "faketime": ("faketime",),  # no product: what the tests step the clock with
    "gcc libc6-dev": ("cc", "gcc"),  # no product: the tests compile what makes a disk slow
}
PLACES = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"])
STAMP = CACHE / "products.stamp"
LOG = CACHE / "products.log"
POLICY = Path("/usr/sbin/policy-rc.d")
REFUSE = "#!/bin/sh\nexit 101\n"
MISSING = """not here, and not installed: {names}.
  `firstbyte grid` and the tests go without them; in CI they fail.
  Debian or Ubuntu:  apt-get install {names}
  then run `make setup` again"""


def missing() -> list[str]:
    """The packages of programs that are nowhere."""
    return [
        package
        for package, names in PROGRAMS.items()
        if not any(shutil.which(name, path=PLACES) for name in names)
    ]


@contextmanager
def no_service_starts() -> Iterator[None]:
    """Debian asks this file before a package may start a service; one that is there already stays."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text(REFUSE)
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def by_apt(packages: list[str]) -> None:
    """Debian's packages, where we may install any."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    say(f"installing {', '.join(packages)} with apt-get (what it prints goes to .cache/products.log)")
    with no_service_starts():
        logged(["apt-get", "update", "-qq"], LOG)
        logged(
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *" ".join(packages).split()], LOG
        )


def set_up_products() -> None:
    """Installs what is missing, once; says what it could not."""
    lacking = missing()
    if not lacking or is_done(STAMP, " ".join(lacking)):
        return
    begin(STAMP)
    by_apt(lacking)
    lacking = missing()
    finish(STAMP, " ".join(lacking))
    if lacking:
        say(MISSING.format(names=" ".join(lacking)))
