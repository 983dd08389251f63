"""Traefik: one entry point, router and service for each route, from two files, without a dashboard."""

from pathlib import Path
from typing import Any

from firstbyte.harness.model.profile import Profile
from firstbyte.harness.model.units import Duration
from firstbyte.proxies.real.product import LOOPBACK, Limits, Product, Route, Setup, as_json

_FLUSH = 100_000
_DEFAULT_READ = 60_000_000


class Traefik(Product):
    """The product and how it is configured."""

    name = "traefik"
    install = "pip install 'firstbyte[real]'"
    timers = ("response-header",)
    version_option = "version"
    version_mark = "Version:"  # Version:      3.7.15

    def configure(self, program: Path, profile: Profile, routes: tuple[Route, ...], folder: Path) -> Setup:
        """Return a static and a dynamic file. Both are JSON, which is valid YAML."""
        limits = Limits(profile)
        dynamic = folder / "dynamic.yml"
        static = {
            "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
            "log": {"level": "WARN"},
            "entryPoints": {f"r{number}": _entry(route, limits) for number, route in enumerate(routes)},
            "providers": {"file": {"filename": str(dynamic), "watch": False}},
        }
        return Setup(
            command=(str(program), f"--configFile={folder / 'traefik.yml'}"),
            files={"traefik.yml": as_json(static), "dynamic.yml": as_json(_dynamic(routes, limits))},
            limits=limits.exact,
            environment={"HOME": str(folder)},
        )


def _entry(route: Route, limits: Limits) -> dict[str, Any]:
    read = _seconds(limits.of("entrypoint-read"))
    return {
        "address": f"{LOOPBACK}:{route.port}",
        "transport": {"respondingTimeouts": {"readTimeout": read}},
    }


def _dynamic(routes: tuple[Route, ...], limits: Limits) -> dict[str, Any]:
    timeouts = {
        "dialTimeout": _seconds(limits.of("connect")),
        "responseHeaderTimeout": _seconds(limits.of("response-header")),
    }
    numbers = range(len(routes))
    flush = _seconds(_flush_interval(limits.of("entrypoint-read")))
    return {
        "http": {
            "routers": {
                f"r{n}": {"entryPoints": [f"r{n}"], "rule": "PathPrefix(`/`)", "service": f"s{n}"}
                for n in numbers
            },
            "services": {f"s{n}": {"loadBalancer": _balancer(routes[n], flush)} for n in numbers},
            "serversTransports": {"t": {"forwardingTimeouts": timeouts}},
        }
    }


def _flush_interval(read: Duration | None) -> Duration:
    """Return the flush interval of 100 ms, scaled like the 60 s of an entry point."""
    return Duration(_FLUSH if read is None else max(1_000, _FLUSH * read // _DEFAULT_READ))


def _balancer(route: Route, flush: str) -> dict[str, Any]:
    return {
        "serversTransport": "t",
        "responseForwarding": {"flushInterval": flush},
        "servers": [{"url": f"http://{LOOPBACK}:{route.upstream}"}],
    }


def _seconds(limit: Duration | None) -> str:
    """Return the limit as Go writes durations. 0 means never."""
    return f"{(limit or 0) // 1_000}ms"
