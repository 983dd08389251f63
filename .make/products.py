"""Finds the real proxy products that `firstbyte grid` compares with and programs that tests start, and gets
those that Debian has.

Envoy, Caddy and Traefik come with the packages of `.venv`. A machine without the others is still set up:
the grid and its tests say which are missing.
"""

from __future__ import annotations

import os
import shutil

from machine import CACHE, apt_install, finish, is_done, say

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


def set_up_products() -> None:
    """Install what is missing, once; say what could not be installed."""
    names = missing()
    if not names or is_done(STAMP, " ".join(names)):
        return
    STAMP.unlink(missing_ok=True)
    apt_install(names, CACHE / "products.log")
    names = missing()
    finish(STAMP, " ".join(names))
    if names:
        say(MISSING.format(names=" ".join(names)))
