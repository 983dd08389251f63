"""Holds every profile that comes with firstbyte to its rules: it loads, is consistent, has evidence."""

import json
from datetime import UTC, date, datetime

import pytest

from firstbyte.harness.checks.evidence import evidence_complaints, to_raw
from firstbyte.harness.files.loader import load_profile, profile_names, profiles_dir
from firstbyte.harness.model.profile import Profile
from firstbyte.harness.model.profile_complaints import complaints
from firstbyte.harness.model.profile_ops import scaled
from tests.profiles import variants

IDS = {
    "cloudflare",
    "cloudflare-100",
    "cloudflare-enterprise",
    "cloudflare-tunnel",
    "aws-alb",
    "cloudfront",
    "apigw-rest",
    "apigw-http",
    "heroku",
    "gcp-alb",
    "cloud-run",
    "azure-front-door",
    "azure-app-gateway",
    "azure-app-service",
    "fastly",
    "akamai",
    "vercel-rewrite",
    "vercel-function",
    "netlify",
    "railway",
    "render",
    "fly",
    "nginx",
    "ingress-nginx",
    "haproxy",
    "envoy",
    "istio-1.23",
    "traefik",
    "caddy-2.7",
    "caddy",
    "apache",
    "varnish",
    "ats",
    "squid",
    "lighttpd",
    "h2o",
}

#: What nobody has been found to know: Cloudflare's partial headers, who re-sends a POST, and so on. A line
#: may only go when a source for the value comes.
STILL_UNKNOWN = (
    ("cloudflare", "timers.proxy-read.reset_by"),  # partial header bytes, and whether a 102 helps
    ("cloudflare", "interim.after"),
    ("cloudflare", "interim.on_103"),
    ("cloudflare", "resend"),
    ("cloudflare", "origin.on_expiry"),
    ("cloudflare", "origin.on_client_leave"),
    ("cloudflare", "answers.timeout.keep_alive"),
    ("cloudflare", "cut.http1"),
    ("aws-alb", "resend"),
    ("aws-alb", "interim"),
    ("azure-app-gateway", "resend"),
    ("azure-front-door", "resend"),
    ("railway", "resend"),
    ("render", "resend"),
    ("fly", "resend"),
    ("fastly", "resend"),
    ("gcp-alb", "resend"),
    ("gcp-alb", "answers.timeout.status"),
    ("gcp-alb", "timers.backend-service.stops_on"),
    ("gcp-alb", "timers.backend-service.reset_by"),
    ("azure-front-door", "timers.origin-response.stops_on"),
    ("azure-front-door", "timers.origin-response.limit"),
    ("azure-front-door", "answers.timeout.status"),
    ("azure-app-service", "answers.timeout.status"),
    ("fly", "timers.idle.limit"),
    ("netlify", "answers.timeout.status"),
    ("ats", "cut.http2"),
)

every_profile = pytest.mark.parametrize("name", profile_names())


def today() -> date:
    return datetime.now(tz=UTC).date()  # noqa: TID251 - a source must not be dated after the day of the check


def test_there_is_one_file_for_each_edge() -> None:
    assert set(profile_names()) == IDS


@every_profile
def test_a_profile_is_named_after_its_file(name: str) -> None:
    assert load_profile(name).profile.id == name


@every_profile
def test_a_profile_does_not_contradict_itself(name: str) -> None:
    assert [line for profile in variants(load_profile(name)) for line in complaints(profile)] == []


@every_profile
def test_every_claim_of_a_profile_has_evidence(name: str) -> None:
    assert list(evidence_complaints(load_profile(name), today())) == []


@every_profile
def test_a_profile_starts_with_one_line_of_context(name: str) -> None:
    lines = (profiles_dir() / f"{name}.toml").read_text(encoding="utf-8").splitlines()
    first, second, *_ = [line for line in lines if not line.startswith("#:schema ")]
    assert first.startswith("# ")
    assert second == f'id = "{name}"'


@every_profile
def test_a_profile_has_a_summary_for_people(name: str) -> None:
    assert len(load_profile(name).profile.summary.split()) >= 10


@every_profile
def test_no_two_variants_of_a_profile_are_equal(name: str) -> None:
    profiles = variants(load_profile(name))
    assert len(profiles) == len({repr(profile) for profile in profiles})


@every_profile
def test_the_first_variant_is_the_profile_as_assumed(name: str) -> None:
    loaded = load_profile(name)
    assert variants(loaded)[0] == loaded.profile


@every_profile
def test_json_bodies_are_json(name: str) -> None:
    answers = load_profile(name).profile.answers.values()
    for body in (body for answer in answers for body in answer.bodies if body.content_type.endswith("json")):
        assert isinstance(json.loads(body.text), dict)


@every_profile
def test_a_profile_on_another_time_scale_keeps_its_timers(name: str) -> None:
    profile = load_profile(name).profile
    faster = scaled(profile, 50)
    assert [timer.name for timer in faster.timers] == [timer.name for timer in profile.timers]
    assert all(
        quick.limit is not None and abs(quick.limit * 50 - slow.limit) <= 50
        for quick, slow in zip(faster.timers, profile.timers, strict=True)
        if slow.limit is not None
    )


@pytest.mark.parametrize(("name", "key"), STILL_UNKNOWN)
def test_what_nobody_knows_stays_unknown(name: str, key: str) -> None:
    assert key in {unknown.key for unknown in load_profile(name).evidence.unknown}


def test_a_profile_survives_being_written_out_as_data() -> None:
    raw = to_raw(load_profile("cloudflare").profile)
    timers = raw["timers"]
    assert isinstance(timers, list)
    assert [timer["limit"] for timer in timers] == ["19s", "30s", "125s"]
    assert raw["id"] == "cloudflare"


def _timer_keys(profile: Profile) -> set[str]:
    return {timer.name for timer in profile.timers if timer.limit is None}


@pytest.mark.parametrize(
    ("name", "endless"),
    [
        ("haproxy", {"connect", "server-send", "server", "server-body", "server-upgraded"}),
        ("traefik", {"response-header"}),
        ("caddy", {"response-header", "read-upload", "read", "read-upgraded"}),
        ("caddy-2.7", {"response-header", "read"}),
        ("lighttpd", {"read", "read-body"}),
        ("istio-1.23", {"route"}),
        ("cloudflare-tunnel", {"response-header"}),
        ("nginx", set()),
    ],
)
def test_a_product_without_a_default_limit_has_none_here(name: str, endless: set[str]) -> None:
    assert _timer_keys(load_profile(name).profile) == endless


@pytest.mark.parametrize("name", ["haproxy", "traefik", "caddy", "caddy-2.7", "lighttpd", "istio-1.23"])
def test_a_profile_without_a_limit_says_how_to_set_one(name: str) -> None:
    assert ".limit=" in load_profile(name).profile.summary
