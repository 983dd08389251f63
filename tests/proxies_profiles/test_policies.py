"""Holds the profiles to what their products do beyond the limit, typed by hand and not read from the files.

When the header goes out, how a broken body ends, what becomes of 1xx and 204, what the origin is told.
"""

import pytest

from firstbyte.harness.files.loader import load_profile
from firstbyte.harness.model.profile import (
    CloseKind,
    Ending,
    HoldHeader,
    InterimAction,
    On204,
    Profile,
    ResendCause,
)

FORWARD, SWALLOW = InterimAction.FORWARD, InterimAction.SWALLOW
FINAL, REFUSE = InterimAction.FINAL, InterimAction.REFUSE


def profile(edge: str) -> Profile:
    return load_profile(edge).profile


@pytest.mark.parametrize(
    ("edge", "hold"),
    [
        ("cloudflare", HoldHeader.UNTIL_BODY),
        ("nginx", HoldHeader.UNTIL_BODY),
        ("h2o", HoldHeader.UNTIL_BODY),
        ("lighttpd", HoldHeader.UNTIL_END),
        ("apigw-rest", HoldHeader.UNTIL_END),
        ("azure-app-gateway", HoldHeader.UNTIL_END),
        ("haproxy", HoldHeader.NO),
        ("envoy", HoldHeader.NO),
        ("caddy", HoldHeader.NO),
        ("apache", HoldHeader.NO),
        ("varnish", HoldHeader.NO),
        ("squid", HoldHeader.NO),
        ("ats", HoldHeader.NO),
    ],
)
def test_when_the_client_gets_the_header(edge: str, hold: HoldHeader) -> None:
    assert profile(edge).hold_header == hold


@pytest.mark.parametrize(
    ("edge", "name", "key"),
    [
        ("nginx", "proxy-read-body", ""),
        ("h2o", "io", ""),
        ("cloudflare", "proxy-read", "timeout"),
        ("lighttpd", "read-body", "stalled"),
    ],
)
def test_what_a_held_header_becomes_when_no_body_follows(edge: str, name: str, key: str) -> None:
    assert {one.name: one.answer for one in profile(edge).timers}[name] == key


@pytest.mark.parametrize(
    ("edge", "http1", "http2"),
    [
        ("nginx", Ending.TRUNCATE, "INTERNAL_ERROR"),
        ("haproxy", Ending.TRUNCATE, "clean"),
        ("caddy-2.7", Ending.CLEAN, "clean"),
        ("caddy", Ending.TRUNCATE, "INTERNAL_ERROR"),
        ("apache", Ending.TRUNCATE, "INTERNAL_ERROR"),
        ("varnish", Ending.TRUNCATE, "clean"),
        ("lighttpd", Ending.CLEAN, "clean"),
        ("h2o", Ending.BAD_CHUNK, "PROTOCOL_ERROR"),
        ("envoy", Ending.TRUNCATE, "INTERNAL_ERROR"),
        ("railway", Ending.TRUNCATE, "CANCEL"),
        ("cloudflare", Ending.TRUNCATE, "INTERNAL_ERROR"),
    ],
)
def test_how_a_broken_body_ends(edge: str, http1: Ending, http2: str) -> None:
    assert (profile(edge).cut.http1, profile(edge).cut.http2) == (http1, http2)


@pytest.mark.parametrize(
    ("edge", "actions"),
    [
        ("nginx", (FINAL, FINAL, FINAL)),
        ("haproxy", (FORWARD, FORWARD, FORWARD)),
        ("caddy", (FORWARD, FORWARD, FORWARD)),
        ("apache", (SWALLOW, FORWARD, FORWARD)),
        ("varnish", (REFUSE, REFUSE, REFUSE)),
        ("squid", (FORWARD, FORWARD, FORWARD)),
        ("lighttpd", (FORWARD, FORWARD, FORWARD)),
        ("h2o", (SWALLOW, SWALLOW, SWALLOW)),
        ("ats", (FORWARD, InterimAction.STRAND, FORWARD)),
        ("envoy", (SWALLOW, SWALLOW, SWALLOW)),
    ],
)
def test_what_becomes_of_a_1xx(edge: str, actions: tuple[InterimAction, ...]) -> None:
    interim = profile(edge).interim
    assert (interim.on_100, interim.on_102, interim.on_103) == actions


@pytest.mark.parametrize(
    ("edge", "expiry", "leave"),
    [
        ("nginx", CloseKind.FIN, CloseKind.FIN),
        ("haproxy", CloseKind.RST, CloseKind.NOTHING),
        ("caddy", CloseKind.FIN, CloseKind.FIN),
        ("apache", CloseKind.FIN, CloseKind.NOTHING),
        ("varnish", CloseKind.FIN, CloseKind.NOTHING),
        ("squid", CloseKind.FIN, CloseKind.FIN),
        ("lighttpd", CloseKind.FIN, CloseKind.NOTHING),
        ("h2o", CloseKind.FIN, CloseKind.NOTHING),
        ("ats", CloseKind.FIN, CloseKind.NOTHING),
        ("envoy", CloseKind.FIN, CloseKind.FIN),
    ],
)
def test_what_the_origin_is_told(edge: str, expiry: CloseKind, leave: CloseKind) -> None:
    assert (profile(edge).origin.on_expiry, profile(edge).origin.on_client_leave) == (expiry, leave)


@pytest.mark.parametrize(
    ("edge", "method", "cause", "attempts"),
    [
        ("cloudfront", "GET", ResendCause.TIMER, 3),
        ("cloudfront", "POST", ResendCause.TIMER, 1),
        ("ats", "GET", ResendCause.TIMER, 4),
        ("ats", "POST", ResendCause.TIMER, 1),
        ("ingress-nginx", "GET", ResendCause.TIMER, 3),
        ("ingress-nginx", "POST", ResendCause.TIMER, 1),
        ("nginx", "GET", ResendCause.TIMER, 1),
        ("nginx", "PUT", ResendCause.STALE, 2),
        ("nginx", "POST", ResendCause.STALE, 1),
        ("istio-1.23", "POST", ResendCause.STATUS, 3),
        ("envoy", "GET", ResendCause.STALE, 1),
        ("h2o", "GET", ResendCause.STALE, 1),
        ("caddy", "GET", ResendCause.STALE, 2),
        ("haproxy", "POST", ResendCause.CONNECT, 4),
        ("haproxy", "GET", ResendCause.TIMER, 1),
        ("heroku", "POST", ResendCause.TIMER, 1),
    ],
)
def test_how_often_the_origin_gets_a_request(
    edge: str, method: str, cause: ResendCause, attempts: int
) -> None:
    rules = [rule for rule in profile(edge).resend if method in rule.methods and cause in rule.causes]
    assert (rules[0].attempts if rules else 1) == attempts


@pytest.mark.parametrize(
    ("edge", "framed", "typed"),
    [
        ("nginx", On204.STRIP, ""),
        ("varnish", On204.REFUSE, ""),
        ("envoy", On204.REFUSE, ""),
        ("squid", On204.PASS, ""),
        ("cloud-run", On204.STRIP, "text/html"),
        ("gcp-alb", On204.STRIP, "text/html"),
    ],
)
def test_what_becomes_of_a_204(edge: str, framed: On204, typed: str) -> None:
    assert (profile(edge).mutation.framed_204, profile(edge).mutation.type_on_bare_204) == (framed, typed)
