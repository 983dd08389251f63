"""Varnish: one listener and one backend for each route. Nothing is cached.

http_max_hdr is raised from 64 because some scenarios send a header line each second for two minutes.
"""

import os
from pathlib import Path

from firstbyte.harness.model.profile import Profile
from firstbyte.proxies.real.product import LOOPBACK, Limits, Product, Route, Setup

_PARAMETERS = {
    "first-byte": "first_byte_timeout",
    "between-bytes": "between_bytes_timeout",
    "connect": "connect_timeout",
    "client-idle": "timeout_idle",
}
_NEVER = "31536000"


class Varnish(Product):
    """The product and how it is configured."""

    name = "varnish"
    programs = ("varnishd",)
    install = "apt-get install varnish"
    timers = ("first-byte", "between-bytes")
    version_option = "-V"
    version_mark = "varnish-"  # varnishd (varnish-7.1.1 revision ...)

    def configure(self, program: Path, profile: Profile, routes: tuple[Route, ...], folder: Path) -> Setup:
        """Return a VCL and a command line."""
        limits = Limits(profile)
        command = [str(program), "-F", "-n", str(folder / "work"), "-f", str(folder / "edge.vcl")]
        command += ["-T", "none", "-s", "malloc,16m", "-p", "http_max_hdr=256"]
        if os.geteuid() == 0:
            command += ["-j", "none"]  # it would change to another user, who can't write to the run's folder
        for number, route in enumerate(routes):
            command += ["-a", f"r{number}={LOOPBACK}:{route.port}"]
        for timer, parameter in _PARAMETERS.items():
            milliseconds = limits.milliseconds(timer)
            value = f"{milliseconds / 1_000:.3f}" if milliseconds else _NEVER
            command += ["-p", f"{parameter}={value}"]
        return Setup(
            command=tuple(command), files={"edge.vcl": _vcl(routes)}, limits=limits.in_milliseconds()
        )


def _vcl(routes: tuple[Route, ...]) -> str:
    lines = ["vcl 4.1;"]
    for number, route in enumerate(routes):
        lines.append(f'backend b{number} {{ .host = "{LOOPBACK}"; .port = "{route.upstream}"; }}')
    lines.append("sub vcl_recv {")
    lines += [
        f'  if (local.socket == "r{number}") {{ set req.backend_hint = b{number}; }}'
        for number in range(len(routes))
    ]
    return "\n".join([*lines, "  return (pass);", "}", ""])
