"""nginx: one server block and one upstream for each route, keep-alive to the origin, one process.

The configuration follows nginx's documentation: HTTP/1.1 to the origin, upgrades are forwarded.
"""

from pathlib import Path

from firstbyte.harness.model.profile import HoldHeader, Profile
from firstbyte.proxies.real.product import (
    LOOPBACK,
    SPARE_DESCRIPTORS,
    Limits,
    Product,
    Route,
    Setup,
    most_requests,
)

_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class Nginx(Product):
    """The product and how it is configured."""

    name = "nginx"
    install = "apt-get install nginx"
    timers = ("proxy-send", "proxy-read-header", "proxy-read-body", "proxy-read-upgraded")

    def version(self, program: Path) -> str:
        """`nginx version: nginx/1.22.1` -> 1.22.1."""
        return self.version_text(program).strip().rpartition("/")[2]

    def configure(self, program: Path, profile: Profile, routes: tuple[Route, ...], folder: Path) -> Setup:
        """Return one file."""
        limits = Limits(profile)
        text = "\n".join(
            [*_main(folder), "http {", *_http(profile, limits, folder), *_servers(routes), "}", ""]
        )
        return Setup(
            command=(str(program), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"),
            files={"nginx.conf": text},
            limits=limits.in_milliseconds(),
        )


def _main(folder: Path) -> list[str]:
    return [
        "daemon off;",
        "master_process off;",
        f"worker_rlimit_nofile {most_requests() * 2 + SPARE_DESCRIPTORS};",
        "error_log stderr warn;",
        f"pid {folder}/nginx.pid;",
        f"events {{ worker_connections {most_requests() * 2 + SPARE_DESCRIPTORS // 2}; }}",
    ]


def _http(profile: Profile, limits: Limits, folder: Path) -> list[str]:
    buffering = "on" if profile.hold_header is not HoldHeader.NO else "off"
    return [
        "  access_log off;",
        *(f"  {name}_temp_path {folder}/{name};" for name in _TEMPORARY),
        "  client_max_body_size 0;",
        "  map $http_upgrade $connection_header { default upgrade; '' ''; }",
        "  proxy_http_version 1.1;",
        "  proxy_set_header Connection $connection_header;",
        "  proxy_set_header Upgrade $http_upgrade;",
        f"  proxy_request_buffering {'on' if profile.buffer_request else 'off'};",
        f"  proxy_buffering {buffering};",
        f"  proxy_connect_timeout {limits.milliseconds('connect')}ms;",
        f"  proxy_send_timeout {limits.milliseconds('proxy-send')}ms;",
        f"  proxy_read_timeout {limits.milliseconds('proxy-read-header')}ms;",
    ]


def _servers(routes: tuple[Route, ...]) -> list[str]:
    lines = []
    for number, route in enumerate(routes):
        lines += [
            f"  upstream u{number} {{ server {LOOPBACK}:{route.upstream}; keepalive 16; }}",
            f"  server {{ listen {LOOPBACK}:{route.port}; location / {{ proxy_pass http://u{number}; }} }}",
        ]
    return lines
