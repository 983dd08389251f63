"""Keys of a profile changed, by a program and by `--set` on the command line."""

import json
from pathlib import Path

import pytest

from firstbyte.harness.cli import main
from firstbyte.harness.files.loader import load_profile, profile_names, profile_path
from firstbyte.harness.files.setting import Setting, apply_to_chain, change, parse_setting
from firstbyte.harness.model.profile import HoldHeader
from firstbyte.harness.model.units import seconds
from firstbyte.harness.problems import BadInput
from firstbyte.harness.report.profile import show_profile

READ = [
    pytest.param("timers.read.limit=5s", Setting(hop="0", key="timers.read.limit", value="5s"), id="text"),
    pytest.param("buffer_request=true", Setting(hop="0", key="buffer_request", value=True), id="json"),
    pytest.param("1:hold_header=no", Setting(hop="1", key="hold_header", value="no"), id="hop by number"),
    pytest.param("nginx:id=x", Setting(hop="nginx", key="id", value="x"), id="hop by name"),
    pytest.param("title=a: b=c", Setting(hop="0", key="title", value="a: b=c"), id="a colon in the value"),
]


@pytest.mark.parametrize(("text", "expected"), READ)
def test_a_setting_is_read(text: str, expected: Setting) -> None:
    assert parse_setting(text) == expected


@pytest.mark.parametrize("text", ["timers", "=5s", ":a=b", "nginx:=1"])
def test_what_is_no_setting_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="KEY=VALUE"):
        parse_setting(text)


def test_a_key_that_is_set_is_no_longer_unknown() -> None:
    (changed,) = apply_to_chain([load_profile("cloudflare")], [parse_setting("interim.on_103=swallow")])
    assert changed.profile.interim.on_103 == "swallow"
    assert "interim.on_103" not in {one.key for one in changed.evidence.unknown}


def test_a_changed_key_is_known_from_then_on() -> None:
    loaded = load_profile("cloudflare-100")
    key = loaded.evidence.unknown[0].key
    value = loaded.evidence.unknown[0].allowed[-1]
    after = change(loaded, {key: value})
    assert key not in [one.key for one in after.evidence.unknown]
    assert len(after.evidence.unknown) == len(loaded.evidence.unknown) - 1
    assert load_profile("cloudflare-100") == loaded


def test_an_override_of_an_override_keeps_both() -> None:
    once = change(load_profile("nginx"), {"timers.connect.limit": "1s"})
    twice = change(once, {"hold_header": "until-end"})
    assert twice.profile.hold_header is HoldHeader.UNTIL_END
    assert {timer.name: timer.limit for timer in twice.profile.timers}["connect"] == seconds(1)


WRONG: list[tuple[dict[str, object], str]] = [
    ({"timers.conect.limit": "1s"}, r"no entry named 'conect'; did you mean 'connect'\?"),
    ({"timers.connect.limit": "1"}, r"timers\[0\]\.limit: '1' has no unit; write '1s'"),
    ({"timers.connect.limit": "0s"}, r"timers\.connect\.limit: must be more than nothing"),
    ({"hold_heade": "no"}, r"unknown key 'hold_heade'; did you mean 'hold_header'\?"),
]


@pytest.mark.parametrize(
    ("changes", "message"), WRONG, ids=["no entry", "no unit", "contradiction", "no key"]
)
def test_an_override_that_makes_no_profile_is_refused_with_the_key(
    changes: dict[str, object], message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        change(load_profile("nginx"), changes)


def run_one(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    main(["run", "act-1", "--json", "-", *words])
    run: dict[str, object] = json.loads(capsys.readouterr().out)["runs"][0]
    return run


def test_a_longer_limit_lets_the_answer_through(capsys: pytest.CaptureFixture[str]) -> None:
    run = run_one(capsys, "--edge", "nginx", "--set", "timers.proxy-read-header.limit=200s")
    assert (run["verdict"], run["outcome"]) == ("delivered", "pass")


def test_a_setting_can_be_meant_for_the_inner_hop(capsys: pytest.CaptureFixture[str]) -> None:
    setting = "nginx:timers.proxy-read-header.limit=20s"
    run = run_one(capsys, "--edge", "cloudflare,nginx", "--set", setting)
    assert run["fired"] == [{"request": 1, "hop": 1, "timer": "proxy-read-header", "at_s": 20.0}]


def test_a_profile_can_be_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(profile_path("nginx").read_text().replace('limit = "60s"', 'limit = "7s"'))
    run = run_one(capsys, "--edge", str(own))
    assert run["fired"] == [{"request": 1, "hop": 0, "timer": "proxy-read-header", "at_s": 7.0}]


def test_a_hop_that_is_not_there_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "act-1", "--edge", "nginx", "--set", "heroku:id=x"]) == 2
    assert "there is no hop 'heroku'" in capsys.readouterr().err


@pytest.mark.parametrize("name", profile_names())
def test_a_profile_is_shown_in_80_columns(name: str) -> None:
    lines = list(show_profile(load_profile(name)))
    assert [line for line in lines if len(line) > 80 and " " in line.strip()] == []
    assert "sources" in lines
    assert not [line for line in lines if "{" in line and line.strip().startswith(("[{", '{"key'))]
