"""Apache httpd with mod_proxy_http: one virtual host for each route, one process with threads."""

import os
from pathlib import Path

from firstbyte.harness.model.profile import Profile
from firstbyte.harness.model.units import Duration, seconds
from firstbyte.proxies.real.product import LOOPBACK, Limits, Product, Route, Setup

_MODULES = ("mpm_event", "authz_core", "proxy", "proxy_http")
_PLACES = ("/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/libexec/apache2")
_THREADS = 1_100
_STACK = 262_144


class Apache(Product):
    """The product and how it is configured."""

    name = "apache"
    install = "apt-get install apache2-bin"
    programs = ("apache2", "httpd")  # in Debian, elsewhere
    timers = ("proxy-send", "proxy")
    version_mark = "Apache/"  # Server version: Apache/2.4.71 (Debian)

    def configure(self, program: Path, profile: Profile, routes: tuple[Route, ...], folder: Path) -> Setup:
        """Return one file. Upgrades are forwarded; mod_reqtimeout is left out, as no timer is for uploads."""
        limits = Limits(profile)
        lines = [*_main(folder, _modules(program)), f"ProxyTimeout {_whole_seconds(limits.of('proxy'))}"]
        for route in routes:
            lines += _virtual_host(route, limits.milliseconds("connect"))
        return Setup(
            command=(str(program), "-X", "-f", str(folder / "httpd.conf")),
            files={"httpd.conf": "\n".join([*lines, ""])},
            limits=_whole(limits.in_milliseconds()),
            drops_root=os.geteuid() == 0,
        )


def _modules(program: Path) -> Path:
    beside = program.parent.parent / "modules"
    return next((path for path in map(Path, _PLACES) if path.is_dir()), beside)


def _main(folder: Path, modules: Path) -> list[str]:
    return [
        f"ServerRoot {folder}",
        "ServerName localhost",
        f"PidFile {folder}/httpd.pid",
        f"ErrorLog {folder}/error.log",
        f"DefaultRuntimeDir {folder}",
        *(f"LoadModule {name}_module {modules}/mod_{name}.so" for name in _MODULES),
        "ServerLimit 1",
        f"ThreadStackSize {_STACK}",
        f"ThreadLimit {_THREADS}",
        f"ThreadsPerChild {_THREADS}",
        f"MaxRequestWorkers {_THREADS}",
        "KeepAliveTimeout 600",
    ]


def _whole_seconds(limit: Duration | None) -> int:
    """ProxyTimeout takes whole seconds (2.4.71 reads `2000ms` as 2000), and 0 is none."""
    return 0 if limit is None else max(1, round(limit / 1_000_000))


def _whole(limits: dict[str, Duration]) -> dict[str, Duration]:
    whole = {name: seconds(_whole_seconds(limits[name])) for name in Apache.timers if name in limits}
    return limits | whole


def _virtual_host(route: Route, connect: int) -> list[str]:
    return [
        f"Listen {LOOPBACK}:{route.port}",
        f"<VirtualHost {LOOPBACK}:{route.port}>",
        f"  ProxyPass / http://{LOOPBACK}:{route.upstream}/ connectiontimeout={connect}ms upgrade=ANY",
        "</VirtualHost>",
    ]
