"""The page of results: one file that runs its own scripts alone, whatever is in a run, and stays small."""

import base64
import hashlib
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from firstbyte.harness.cli import main
from firstbyte.harness.commands import site
from firstbyte.harness.files.loader import load_profile
from firstbyte.harness.model.result import Outcome, Run
from firstbyte.harness.model.timeline import Kind
from firstbyte.harness.model.verdict import Verdict
from firstbyte.harness.problems import BadInput
from firstbyte.harness.report.site.page import rendered, write_site
from firstbyte.harness.report.site.runs import Replay, replay_command, site_of, words
from firstbyte.harness.report.site.timers import TIMER_RESET, marks_of
from firstbyte.proxies.edge.record import Record
from firstbyte.proxies.program.har import HarWriter
from tests.harness.report import samples

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)> \x1b[2J \u202e @DATA@ @SCRIPT@"
MEGABYTE = 1_000_000


def page(*runs: Run) -> str:
    made = site_of(runs, title="firstbyte run", facts=(), profiles={}, replay=Replay(known=frozenset()))
    return rendered(made).decode()


def data(text: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    assert found is not None
    read: dict[str, Any] = json.loads(found[1])
    return read


def hashes(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def test_the_policy_allows_exactly_the_scripts_and_the_style_of_the_page() -> None:
    text = page(samples.withheld())
    policy = re.search(r'Content-Security-Policy" content="(.*?)"', text)
    scripts = re.findall(r"<script>(.*?)</script>", text, re.S)
    styles = re.findall(r"<style>(.*?)</style>", text, re.S)
    assert policy is not None
    assert policy[1].split("; ") == [
        "default-src 'none'",
        f"script-src '{hashes(scripts[0])}'",
        f"style-src '{hashes(styles[0])}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    assert (len(scripts), len(styles)) == (1, 1)
    assert not re.search(r'(src|href)="(https?:)?//', text)


def test_hostile_text_can_neither_end_the_data_nor_hide_itself() -> None:
    run = msgspec.structs.replace(samples.failed(), claim=HOSTILE, mismatches=(HOSTILE,), scenario=HOSTILE)
    text = page(
        run, samples.run(samples.edge(0, Kind.MUTATED, what=HOSTILE), exchanges=(), held=samples.ledger())
    )
    assert text.count("</script>") == 2
    assert "<img" not in text
    read = data(text)
    claim = read["rows"][0]["claim"]
    assert claim.startswith("</script><script>alert(1)</script>")
    assert "\\x1b[2J \\u202e @DATA@ @SCRIPT@" in claim


def test_no_secret_is_in_the_page() -> None:
    run = samples.run(
        samples.edge(0, Kind.MUTATED, what="Set-Cookie: sid=abcdefgh"),
        samples.edge(1, Kind.MUTATED, authorization="abcdefgh"),
        exchanges=(samples.exchange(path="/x?api_key=abcdefgh"),),
        held=samples.ledger(),
    )
    assert "abcdefgh" not in page(run)


def test_the_page_has_every_event_with_its_data() -> None:
    run = samples.withheld()
    read = data(page(run))
    texts = read["texts"]
    marks = read["cases"][0]["lanes"][0]["marks"]
    assert [(mark[0], texts[mark[1]], texts[mark[2]], mark[3]) for mark in marks] == [
        (event.at, event.actor, event.kind, event.request) for event in run.timeline.events
    ]
    fired = next(mark for mark in marks if texts[mark[2]] == Kind.TIMER_FIRED)
    pairs = {texts[key]: texts[value[0]] if isinstance(value, list) else value for key, value in zip(fired[4::2], fired[5::2], strict=True)}  # fmt: skip # noqa: E501 - one thought
    assert pairs == {"hop": 0, "timer": "proxy-read", "limit_us": 100_000_000}


def test_a_reset_stands_where_the_profile_has_one_and_nowhere_else() -> None:
    events = [
        samples.edge(0, Kind.TIMER_ARMED, hop=0, timer="proxy-read-body", limit_us=60_000_000),
        samples.edge(4, Kind.BODY, hop=0, bytes=1),
        samples.edge(4, Kind.BODY, hop=0, bytes=1),
        samples.edge(8, Kind.BODY, hop=0, bytes=1),
        samples.edge(8, Kind.BODY, request=2, hop=0, bytes=1),
        samples.edge(9, Kind.BODY, hop=1, bytes=1),
        samples.edge(10, Kind.TIMER_STOPPED, hop=0, timer="proxy-read-body", left_us=1),
        samples.edge(12, Kind.BODY, hop=0, bytes=1),
    ]
    nginx = load_profile("nginx").profile
    resetting = next(timer for timer in nginx.timers if "body-read" in timer.reset_by)
    named = [msgspec.structs.replace(one, data={**one.data, "timer": resetting.name}) for one in events]
    resets = [mark for mark in marks_of(named, (nginx,)) if mark.kind == TIMER_RESET]
    assert [(mark.at, mark.data["by"]) for mark in resets] == [(4_000_000, "body"), (8_000_000, "body")]
    assert not [mark for mark in marks_of(named) if mark.kind == TIMER_RESET]


def test_every_verdict_and_outcome_has_a_word_with_a_sign_of_its_own() -> None:
    known = {word.word: word.sign for word in words()}
    assert known.keys() >= {str(verdict) for verdict in Verdict} | {str(outcome) for outcome in Outcome}
    assert len(set(known.values())) == len(known)


def test_the_replay_command_plays_the_same_run() -> None:
    run = msgspec.structs.replace(samples.withheld(), mode="real", time_scale=50.0, seed=7)
    known = Replay(known=frozenset({"act-1"}), settings=("timers.proxy-read.limit=9s",))
    assert replay_command(run, known) == (
        "firstbyte run act-1 --edge cloudflare-100 --mode real --time-scale 50 --seed 7 "
        "--set timers.proxy-read.limit=9s --verbose"
    )
    own = Replay(known=frozenset(), files=("my scenarios.toml",))
    assert replay_command(samples.withheld(), own) == (
        "firstbyte run 'my scenarios.toml' --edge cloudflare-100 --verbose"
    )


def test_a_thousand_runs_stay_below_five_megabytes() -> None:
    # As many events a run as those of the suites have on average, 32, and more.
    run = msgspec.structs.replace(
        samples.sent_again(), timeline=msgspec.structs.replace(
            samples.sent_again().timeline, events=samples.sent_again().timeline.events * 2
        )
    )  # fmt: skip
    runs = [msgspec.structs.replace(run, scenario=f"act-{number}") for number in range(1_000)]
    assert len(run.timeline.events) >= 60
    assert len(page(*runs)) < 5 * MEGABYTE


def test_the_same_results_make_the_same_page() -> None:
    runs = tuple(make() for make in samples.ALL)
    assert page(*runs) == page(*runs)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    made = site_of((), title="x", facts=(), profiles={}, replay=Replay(known=frozenset()))
    with pytest.raises(BadInput, match=r"--html .*file.*can't be made"):
        write_site(made, tmp_path / "file" / "below")


def test_the_option_writes_a_page_of_every_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "act-1", "act-3", "--html", str(tmp_path / "out")]) == 0
    assert str(tmp_path / "out" / "index.html") in capsys.readouterr().err
    read = data((tmp_path / "out" / "index.html").read_text(encoding="utf-8"))
    assert [(case["row"], case["word"]) for case in read["cases"]] == [
        ("act-1", "phantom-failure"),
        ("act-3", "delivered"),
    ]
    assert {name for name, _ in read["facts"]} >= {"command", "firstbyte", "Python", "mitmproxy"}
    versions = ", ".join(f"{name} {value}" for name, value in read["facts"] if name != "command")
    assert [dict(case["facts"])["versions"] for case in read["cases"]] == [versions, versions]
    assert [chart["title"] for chart in read["charts"]] == ["Results by edge", "Findings"]


def test_the_grid_writes_a_page_with_both_sides(tmp_path: Path) -> None:
    options = ["--emulated-only", "--shape", "silent", "--real", "nginx", "--html", str(tmp_path)]
    assert main(["grid", *options]) == 0
    read = data((tmp_path / "index.html").read_text(encoding="utf-8"))
    assert [(case["row"], case["column"], case["word"]) for case in read["cases"]] == [
        ("silent", "nginx", "emulated")
    ]
    assert read["cases"][0]["brief"] == "emulated 504 at 60.0 s"


def test_the_command_is_told_without_its_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["probe", "GET", "http://user:abcdefgh@127.0.0.1/", "--header", "Authorization: abcdefgh"]
    monkeypatch.setattr("sys.argv", ["firstbyte", *words])
    command = dict(site.facts())["command"]
    assert command.startswith("firstbyte probe GET ")
    assert "abcdefgh" not in command


def test_a_har_is_a_page_of_every_entry_behind_every_edge(tmp_path: Path) -> None:
    har = HarWriter(datetime(2026, 11, 27, tzinfo=UTC), 0)
    har.add(Record(
        hop=0, request=1, method="GET", path="/slow", host="127.0.0.1:9", client_version="HTTP/1.1",
        keeps_bodies=False, started=0, sent=0, header=90_000_000, ended=90_000_000, status=200,
    ))  # fmt: skip
    har.write(tmp_path / "in.har")
    options = ["--har", str(tmp_path / "in.har"), "--edge", "nginx", "--edge", "cloudflare"]
    assert main(["probe", *options, "--html", str(tmp_path)]) == 1
    read = data((tmp_path / "index.html").read_text(encoding="utf-8"))
    assert [(case["column"], case["word"]) for case in read["cases"]] == [
        ("nginx", "cut"),
        ("cloudflare", "passes"),
    ]
