"""Apache httpd with mod_proxy_http: one virtual host for each route, one process with threads."""

import os
from pathlib import Path

from firstbyte.harness.model.profile import Profile
from firstbyte.harness.model.units import Duration, seconds
from firstbyte.proxies.real.product import (
    LOOPBACK,
    Product,
    Route,
    Setup,
    find_program,
    in_milliseconds,
    limit_of,
    milliseconds,
)

_MODULES = ("mpm_event", "authz_core", "proxy", "proxy_http")
_PLACES = ("/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/libexec/apache2")
_THREADS = 1_100
_STACK = 262_144


class Apache(Product):
    """The product and how it is configured."""

    name = "apache"
    install = "apt-get install apache2-bin"
    timers = ("proxy-send", "proxy")
    version_mark = "Apache/"  # Server version: Apache/2.4.71 (Debian)

    def find(self) -> Path | None:
        """The program: `apache2` in Debian, `httpd` elsewhere."""
        return find_program("apache2") or find_program("httpd")

    def configure(self, program: Path, profile: Profile, routes: tuple[Route, ...], folder: Path) -> Setup:
        """Return one file. Upgrades are forwarded; mod_reqtimeout is left out, as no timer is for uploads."""
        lines = [*_main(folder, _modules(program)), *_limits(profile)]
        for route in routes:
            lines += _virtual_host(route, milliseconds(limit_of(profile, "connect")))
        return Setup(
            command=(str(program), "-X", "-f", str(folder / "httpd.conf")),
            files={"httpd.conf": "\n".join([*lines, ""])},
            limits=_got(profile),
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


def _limits(profile: Profile) -> list[str]:
    return [f"ProxyTimeout {_whole_seconds(limit_of(profile, 'proxy'))}"]


def _whole_seconds(limit: Duration | None) -> int:
    """ProxyTimeout takes whole seconds (2.4.71 reads `2000ms` as 2000), and 0 is none."""
    return 0 if limit is None else max(1, round(limit / 1_000_000))


def _got(profile: Profile) -> dict[str, Duration]:
    limits = in_milliseconds(profile)
    for name in Apache.timers:
        if name in limits:
            limits[name] = seconds(_whole_seconds(limits[name]))
    return limits


def _virtual_host(route: Route, connect: int) -> list[str]:
    return [
        f"Listen {LOOPBACK}:{route.port}",
        f"<VirtualHost {LOOPBACK}:{route.port}>",
        f"  ProxyPass / http://{LOOPBACK}:{route.upstream}/ connectiontimeout={connect}ms upgrade=ANY",
        "</VirtualHost>",
    ]
