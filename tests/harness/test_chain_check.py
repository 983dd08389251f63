"""Deadlines of edges one behind the other: which orders are warned of."""

import json

import pytest

from firstbyte.harness.checks.chain import Trouble, chain_warnings
from firstbyte.harness.cli import main
from firstbyte.harness.files.loader import load_profile

CHAINS = [
    pytest.param("cloudflare,nginx", (), id="125 s before 60 s"),
    pytest.param("nginx,envoy", (), id="60 s before 15 s"),
    pytest.param("nginx,apache", (Trouble.EQUAL,), id="60 s twice"),
    pytest.param("envoy,nginx", (Trouble.OUTER_SHORTER,), id="15 s before 60 s"),
    pytest.param("heroku,nginx", (Trouble.OUTER_SHORTER,), id="30 s before 60 s"),
    pytest.param("aws-alb,nginx", (Trouble.EQUAL,), id="the ALB's 60 s before nginx's 60 s"),
    pytest.param("cloudflare,cloudflare-tunnel", (Trouble.INNER_UNLIMITED,), id="a tunnel never gives up"),
    pytest.param("nginx,caddy", (Trouble.INNER_UNLIMITED,), id="Caddy has no limit"),
    pytest.param("caddy,nginx", (), id="an outer edge without a limit"),
    pytest.param("cloud-run,nginx", (Trouble.OUTER_TOTAL,), id="a total before a gap"),
    pytest.param("cloudflare,heroku,nginx", (Trouble.OUTER_SHORTER,), id="the second pair of three"),
]


@pytest.mark.parametrize(("chain", "expected"), CHAINS)
def test_a_chain_is_warned_of(chain: str, expected: tuple[Trouble, ...]) -> None:
    profiles = [load_profile(name).profile for name in chain.split(",")]
    assert tuple(one.trouble for one in chain_warnings(profiles)) == expected


def test_a_warning_names_both_limits_and_the_cure(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--chain", "envoy,nginx"]) == 0
    said = capsys.readouterr().out
    assert "envoy route 15s in front of nginx proxy-read-header 60s: outer-shorter" in said
    assert "cure: give nginx less than 15s, or envoy more" in said


def test_strict_makes_a_warning_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--chain", "envoy,nginx", "--strict", "--json", "-"]) == 1
    assert json.loads(capsys.readouterr().out)["warnings"][0]["trouble"] == "outer-shorter"
    assert main(["check", "--chain", "cloudflare,nginx", "--strict"]) == 0


def test_a_key_set_for_one_hop_takes_the_warning_away(capsys: pytest.CaptureFixture[str]) -> None:
    key = "nginx:timers.proxy-read-header.limit=10s"
    assert main(["check", "--chain", "heroku,nginx", "--set", key, "--strict"]) == 0
    assert "0 warnings" in capsys.readouterr().out


def test_one_edge_is_no_chain(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--chain", "nginx"]) == 2
    assert "'nginx' is no chain" in capsys.readouterr().err
