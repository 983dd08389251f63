"""Caddy: one HTTP server for each route, as JSON, without an admin port, certificates or saved state."""

from pathlib import Path
from typing import Any

from firstbyte.harness.model.profile import Profile
from firstbyte.proxies.real.product import LOOPBACK, Limits, Product, Route, Setup, as_json

_OPTIONS = {"dial": "dial_timeout", "response-header": "response_header_timeout", "read": "read_timeout"}


class Caddy(Product):
    """The product and how it is configured."""

    name = "caddy"
    install = "pip install 'firstbyte[real]'"
    timers = ("response-header", "read-upload", "read", "read-upgraded")
    version_option = "version"
    version_mark = "v"  # v2.11.7 h1:...

    def configure(self, program: Path, profile: Profile, routes: tuple[Route, ...], folder: Path) -> Setup:
        """Return one JSON document. Caddy's own folders are inside the run's folder."""
        limits = Limits(profile)
        transport: dict[str, Any] = {"protocol": "http"}
        for timer, option in _OPTIONS.items():
            if (limit := limits.of(timer)) is not None:
                transport[option] = int(limit) * 1_000  # nanoseconds
        servers = {f"r{number}": _server(route, transport) for number, route in enumerate(routes)}
        document = {
            "admin": {"disabled": True, "config": {"persist": False}},
            "apps": {"http": {"servers": servers}},
        }
        return Setup(
            command=(str(program), "run", "--config", str(folder / "caddy.json")),
            files={"caddy.json": as_json(document)},
            limits=limits.exact,
            environment={
                name: str(folder) for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")
            },
        )


def _server(route: Route, transport: dict[str, Any]) -> dict[str, Any]:
    proxy = {
        "handler": "reverse_proxy",
        "transport": transport,
        "upstreams": [{"dial": f"{LOOPBACK}:{route.upstream}"}],
    }
    return {
        "listen": [f"{LOOPBACK}:{route.port}"],
        "automatic_https": {"disable": True},
        "routes": [{"handle": [proxy]}],
    }
