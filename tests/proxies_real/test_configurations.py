"""A profile becomes a product's configuration: the limits that matter, where it listens, nothing else."""

import json
from pathlib import Path

import pytest

from firstbyte.harness.grid.plan import limited
from firstbyte.harness.model.profile_ops import scaled
from firstbyte.harness.model.units import seconds
from firstbyte.proxies.real.catalogue import PRODUCTS
from firstbyte.proxies.real.product import Route, Setup

ROUTES = (Route(port=21001, upstream=21002), Route(port=21003, upstream=21004))
FOLDER = Path("/run/folder")


def setup_of(name: str, factor: float = 30) -> Setup:
    product = PRODUCTS[name]
    return product.configure(Path("program"), scaled(limited(product), factor), ROUTES, FOLDER)


def text_of(name: str) -> str:
    made = setup_of(name)
    return "\n".join([*made.files.values(), " ".join(made.command)])


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        (
            "nginx",
            ("proxy_read_timeout 2000ms;", "proxy_send_timeout 2000ms;", "proxy_connect_timeout 2000ms;"),
        ),
        ("haproxy", ("timeout server 2000ms", "timeout connect 24d", "bind 127.0.0.1:21001")),
        (
            "varnish",
            ("first_byte_timeout=2.000", "between_bytes_timeout=2.000", "timeout_idle=0.167", "-T none"),
        ),
        ("apache", ("ProxyTimeout 2\n", "connectiontimeout=2000ms", "Listen 127.0.0.1:21001")),
        ("envoy", ('"timeout": "2.000000s"', '"delayed_close_timeout": "0.033333s"')),
        (
            "caddy",
            ('"response_header_timeout": 2000000000', '"read_timeout": 2000000000', '"disabled": true'),
        ),
        (
            "traefik",
            ('"responseHeaderTimeout": "2000ms"', '"readTimeout": "2000ms"', '"flushInterval": "3ms"'),
        ),
    ],
)
def test_scaled_limits_are_in_the_configuration(name: str, parts: tuple[str, ...]) -> None:
    text = text_of(name)
    assert [part for part in parts if part not in text] == []


@pytest.mark.parametrize("name", PRODUCTS)
def test_every_route_leads_from_its_port_to_its_origin(name: str) -> None:
    text = text_of(name)
    assert [port for route in ROUTES for port in (route.port, route.upstream) if str(port) not in text] == []


@pytest.mark.parametrize("name", PRODUCTS)
def test_nothing_listens_anywhere_but_on_loopback(name: str) -> None:
    text = text_of(name)
    assert "0.0.0.0" not in text
    assert "listen *" not in text
    assert "127.0.0.1" in text


@pytest.mark.parametrize("name", PRODUCTS)
def test_a_product_says_which_limit_it_really_got(name: str) -> None:
    limits = setup_of(name).limits
    assert {timer: limits[timer] for timer in PRODUCTS[name].timers} == dict.fromkeys(
        PRODUCTS[name].timers, seconds(2)
    )


def test_apache_counts_in_whole_seconds_and_says_so() -> None:
    assert setup_of("apache", factor=45).limits["proxy"] == seconds(1)


@pytest.mark.parametrize("name", ["envoy", "caddy"])
def test_json_configurations_are_json(name: str) -> None:
    assert all(json.loads(text) for text in setup_of(name).files.values())


def test_nginx_as_a_whole() -> None:
    text = setup_of("nginx").files["nginx.conf"]
    assert text.splitlines()[-5:] == [
        "  upstream u0 { server 127.0.0.1:21002; keepalive 16; }",
        "  server { listen 127.0.0.1:21001; location / { proxy_pass http://u0; } }",
        "  upstream u1 { server 127.0.0.1:21004; keepalive 16; }",
        "  server { listen 127.0.0.1:21003; location / { proxy_pass http://u1; } }",
        "}",
    ]
