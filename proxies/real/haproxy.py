"""HAProxy: one frontend and one backend for each route, in the foreground, one process."""

from pathlib import Path

from firstbyte.harness.model.profile import Profile
from firstbyte.harness.model.units import Duration
from firstbyte.proxies.real.product import LOOPBACK, Limits, Product, Route, Setup, most_requests

_NEVER = "24d"


class Haproxy(Product):
    """The product and how it is configured."""

    name = "haproxy"
    install = "apt-get install haproxy"
    timers = ("server-send", "server", "server-body", "server-upgraded")
    version_mark = "version"  # HAProxy version 2.6.12-1+deb12u4 2026/10/17

    def configure(self, program: Path, profile: Profile, routes: tuple[Route, ...], folder: Path) -> Setup:
        """Return one file. `timeout server` stands for all timers of the profile that wait for the origin."""
        profile_limits = Limits(profile)
        limits = profile_limits.in_milliseconds()
        for name in self.timers:
            limits.pop(name, None)
            if "server" in profile_limits.exact:
                limits[name] = Duration(profile_limits.milliseconds("server") * 1_000)
        lines = [*_defaults(profile_limits), *_sections(routes), ""]
        return Setup(
            command=(str(program), "-db", "-f", str(folder / "haproxy.cfg")),
            files={"haproxy.cfg": "\n".join(lines)},
            limits=limits,
            inexpressible=tuple(
                f"{name}: `timeout server` is one limit for all"
                for name in self.timers
                if profile_limits.of(name) != profile_limits.of("server")
            ),
        )


def _defaults(limits: Limits) -> list[str]:
    return [
        "global",
        f"  maxconn {most_requests()}",
        "  nbthread 1",
        "defaults",
        "  mode http",
        f"  timeout client {_NEVER}",
        f"  timeout connect {_text(limits.milliseconds('connect'))}",
        f"  timeout server {_text(limits.milliseconds('server'))}",
    ]


def _text(milliseconds: int) -> str:
    return f"{milliseconds}ms" if milliseconds else _NEVER


def _sections(routes: tuple[Route, ...]) -> list[str]:
    lines = []
    for number, route in enumerate(routes):
        lines += [
            f"frontend f{number}",
            f"  bind {LOOPBACK}:{route.port}",
            f"  default_backend b{number}",
            f"backend b{number}",
            f"  server s {LOOPBACK}:{route.upstream}",
        ]
    return lines
