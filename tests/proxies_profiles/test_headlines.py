"""Holds the profiles to the numbers people know the products by, typed by hand and not read from the files.

Which timer ends the wait for a silent origin, after how long, what starts, resets and stops it; the answer.
"""

from typing import NamedTuple

import pytest

from firstbyte.harness.files.loader import load_profile
from firstbyte.harness.model.profile import Answer, Profile, Timer
from firstbyte.harness.model.units import seconds


class Headline(NamedTuple):
    """The row of one edge. limit: seconds, None = no limit by default."""

    edge: str
    timer: str
    limit: float | None
    starts_on: str
    reset_by: str
    stops_on: str
    status: int


HEADLINES = (
    Headline(
        "cloudflare",
        "proxy-read",
        125,
        "request-sent",
        "header-completed body-read",
        "response-completed",
        524,
    ),
    Headline("cloudflare", "proxy-write", 30, "connected", "request-read", "request-sent", 524),
    Headline("cloudflare", "tcp-connect", 19, "connect-started", "", "connected", 522),
    Headline(
        "cloudflare-100",
        "proxy-read",
        100,
        "request-sent",
        "header-completed body-read",
        "response-completed",
        524,
    ),
    Headline(
        "cloudflare-enterprise",
        "proxy-read",
        6000,
        "request-sent",
        "header-completed body-read",
        "response-completed",
        524,
    ),
    Headline("cloudflare-tunnel", "response-header", None, "request-sent", "", "header-completed", 502),
    Headline("aws-alb", "idle", 60, "request-sent", "origin-read", "response-completed", 504),
    Headline("aws-alb", "client-idle", 60, "request-started", "request-read", "request-received", 408),
    Headline("aws-alb", "connect", 10, "connect-started", "", "connected", 504),
    Headline("cloudfront", "response", 30, "request-sent", "origin-read", "response-completed", 504),
    Headline("apigw-rest", "integration", 29, "request-received", "", "response-completed", 504),
    Headline("apigw-http", "integration", 30, "request-received", "", "response-completed", 503),
    Headline("heroku", "first-byte", 30, "request-sent", "", "first-byte-read", 503),
    Headline(
        "heroku", "rolling", 55, "first-byte-read", "origin-read request-read", "response-completed", 503
    ),
    Headline("gcp-alb", "backend-service", 30, "request-sent", "", "response-completed", 502),
    Headline("cloud-run", "request", 300, "request-received", "", "response-completed", 504),
    Headline(
        "azure-front-door", "origin-response", 30, "request-sent", "origin-read", "response-completed", 504
    ),
    Headline("azure-app-gateway", "request", 20, "request-sent", "", "response-completed", 504),
    Headline("azure-app-service", "request", 230, "request-sent", "origin-read", "response-completed", 500),
    Headline("fastly", "first-byte", 15, "request-sent", "", "first-byte-read", 503),
    Headline("fastly", "between-bytes", 10, "first-byte-read", "origin-read", "response-completed", 503),
    Headline("akamai", "first-byte", 20, "request-sent", "", "first-byte-read", 504),
    Headline("vercel-rewrite", "rewrite", 120, "request-sent", "", "first-byte-read", 502),
    Headline("vercel-function", "duration", 300, "request-received", "", "response-completed", 504),
    Headline("netlify", "rewrite", 26, "request-sent", "", "first-byte-read", 502),
    Headline("railway", "idle", 300, "request-sent", "origin-read", "response-completed", 502),
    Headline("railway", "total", 900, "request-started", "", "response-completed", 502),
    Headline("render", "response", 6000, "request-received", "", "response-completed", 502),
    Headline("fly", "idle", 600, "request-sent", "origin-read", "response-completed", 502),
    Headline("nginx", "proxy-read-header", 60, "request-sent", "", "header-completed", 504),
    Headline("ingress-nginx", "proxy-read-header", 60, "request-sent", "", "header-completed", 504),
    Headline("ingress-nginx", "connect", 5, "connect-started", "", "connected", 504),
    Headline(
        "haproxy", "server", None, "request-started", "request-read interim-received", "header-completed", 504
    ),
    Headline("envoy", "route", 15, "request-received", "", "response-completed", 504),
    Headline(
        "envoy",
        "stream-idle",
        300,
        "request-received",
        "header-completed body-read",
        "response-completed",
        504,
    ),
    Headline("istio-1.23", "route", None, "request-received", "", "response-completed", 504),
    Headline("traefik", "response-header", None, "request-sent", "", "header-completed", 504),
    Headline("caddy-2.7", "response-header", None, "request-sent", "", "header-completed", 504),
    Headline("caddy", "response-header", None, "request-sent", "", "header-completed", 504),
    Headline("apache", "proxy", 60, "request-sent", "origin-read", "response-completed", 502),
    Headline("varnish", "first-byte", 60, "request-sent", "", "first-byte-read", 503),
    Headline("varnish", "between-bytes", 60, "first-byte-read", "origin-read", "response-completed", 503),
    Headline("ats", "no-activity", 30, "request-sent", "origin-read", "response-completed", 504),
    Headline("squid", "read-header", 900, "request-sent", "", "header-completed", 504),
    Headline("lighttpd", "read", None, "request-sent", "interim-received", "header-completed", 504),
    Headline("lighttpd", "read-body", None, "header-completed", "body-read", "response-completed", 404),
    Headline("h2o", "first-byte", 30, "request-sent", "origin-read", "header-completed", 502),
)


def profile(edge: str) -> Profile:
    return load_profile(edge).profile


def timer(edge: str, name: str) -> Timer:
    return next(one for one in profile(edge).timers if one.name == name)


def answer(edge: str, key: str) -> Answer:
    return profile(edge).answers[key]


@pytest.mark.parametrize("row", HEADLINES, ids=lambda row: f"{row.edge}-{row.timer}")
def test_an_edge_gives_up_as_its_product_does(row: Headline) -> None:
    found = timer(row.edge, row.timer)
    assert found.limit == (None if row.limit is None else seconds(row.limit))
    assert found.starts_on == row.starts_on
    assert list(found.reset_by) == row.reset_by.split()
    assert list(found.stops_on) == row.stops_on.split()
    assert answer(row.edge, found.answer).status == row.status


@pytest.mark.parametrize(
    ("edge", "key", "size"),
    [
        ("nginx", "timeout", 167),
        ("nginx", "closed", 157),
        ("haproxy", "timeout", 92),
        ("haproxy", "closed", 107),
        ("haproxy", "connect-refused", 107),
        ("envoy", "timeout", 24),
        ("envoy", "closed", 95),
        ("envoy", "connect-refused", 98),
        ("envoy", "protocol-error", 87),
        ("traefik", "timeout", 15),
        ("cloudflare", "replaced", 16),
        ("apigw-http", "timeout", 33),
        ("cloud-run", "timeout", 24),
        ("varnish", "timeout", 278),
    ],
)
def test_an_answer_is_as_long_as_the_products(edge: str, key: str, size: int) -> None:
    text = answer(edge, key).bodies[0].text
    assert len(text.replace("{status}", "502").encode()) == size


@pytest.mark.parametrize(
    ("edge", "key", "reason"),
    [
        ("nginx", "timeout", "Gateway Time-out"),
        ("haproxy", "timeout", "Gateway Time-out"),
        ("aws-alb", "timeout", "Gateway Time-out"),
        ("caddy", "timeout", "Gateway Timeout"),
        ("apache", "timeout", "Proxy Error"),
        ("varnish", "timeout", "Backend fetch failed"),
        ("ats", "timeout", "Connection Timed Out"),
        ("h2o", "timeout", "Gateway Error"),
        ("fastly", "timeout", "first byte timeout"),
        ("fastly", "closed", "backend read error"),
        ("fastly", "connect-timeout", "connection timed out"),
        ("cloudflare", "timeout", ""),
    ],
)
def test_an_answer_has_the_products_reason_phrase(edge: str, key: str, reason: str) -> None:
    assert answer(edge, key).reason == reason


def test_caddy_says_nothing_beyond_the_status() -> None:
    assert answer("caddy", "timeout").bodies == ()
    assert answer("caddy", "timeout").headers == (("Server", "Caddy"),)


def test_cloudflare_offers_html_json_problem_json_and_markdown() -> None:
    accepted = [body.accept[0] for body in answer("cloudflare", "timeout").bodies]
    assert accepted == ["text/html", "application/json", "application/problem+json", "text/markdown"]


@pytest.mark.parametrize(("edge", "told"), [("cloudflare", "120"), ("varnish", "5"), ("nginx", None)])
def test_who_tells_the_client_to_send_again(edge: str, told: str | None) -> None:
    assert dict(answer(edge, "timeout").headers).get("Retry-After") == told


def test_the_tunnel_logs_the_two_lines_of_the_report() -> None:
    first, second = answer("cloudflare-tunnel", "client-left").log
    assert (
        'error="Incoming request ended abruptly: context canceled" cfRay={ray} event=1 ingressRule=0' in first
    )
    assert second.startswith(
        'ERR Request failed error="Incoming request ended abruptly: context canceled" connIndex=0'
    )


def test_haproxy_tells_an_http2_client_that_it_may_send_again() -> None:
    assert answer("haproxy", "stale") == Answer(status=0, keep_alive=False, h2_error="REFUSED_STREAM")
