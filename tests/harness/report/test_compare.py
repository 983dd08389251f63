"""What changed between two results: every change is told, and only what got worse is called so."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firstbyte.harness.cli import main
from firstbyte.harness.model.result import document
from firstbyte.harness.report.changes import markdown
from firstbyte.harness.report.compare import Comparison, Direction, compare, kind_of
from tests.harness.report import samples


def runs(**changed: Any) -> dict[str, Any]:
    """The document of act 1 (phantom-failure) with some keys changed."""
    made = json.loads(json.dumps(document((samples.withheld(),), "1.0"), default=int))
    client = changed.pop("client", {})
    made["runs"][0] |= changed
    made["runs"][0]["client"] |= client
    return dict(made)


def compared(before: dict[str, Any], after: dict[str, Any]) -> Comparison:
    kind = kind_of(before)
    assert kind is not None
    return compare(before, after, kind)


def directions(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, Direction]]:
    return [(one.name, one.direction) for one in compared(before, after).changes]


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        ({"verdict": "delivered"}, {"verdict": "phantom-failure"}, Direction.WORSE),
        ({"verdict": "duplicate"}, {"verdict": "delivered"}, Direction.BETTER),
        ({"outcome": "pass"}, {"outcome": "setup-error"}, Direction.WORSE),
        ({"outcome": "fail"}, {"outcome": "pass"}, Direction.BETTER),
        ({"effects": 1}, {"effects": 2}, Direction.CHANGED),
        ({"findings": ["a"]}, {"findings": ["a", "b"]}, Direction.CHANGED),
        ({"client": {"end_s": 100.0}}, {"client": {"end_s": 100.000001}}, Direction.CHANGED),
        ({"versions": {"nginx": "1.28"}}, {"versions": {"nginx": "1.29"}}, Direction.CHANGED),
    ],
)
def test_a_change_has_a_direction(
    before: dict[str, Any], after: dict[str, Any], direction: Direction
) -> None:
    assert directions(runs(**before), runs(**after)) == [("act-1[cloudflare-100]", direction)]


@pytest.mark.parametrize(("after", "is_same"), [(100.29, True), (114.0, True), (120.0, False), (None, False)])
def test_times_of_real_mode_may_vary_a_little(after: float | None, is_same: bool) -> None:
    changes = directions(
        runs(mode="real", client={"end_s": 100.0}), runs(mode="real", client={"end_s": after})
    )
    assert (changes == []) is is_same


def test_a_result_that_has_gone_is_for_the_worse_and_a_new_one_is_not() -> None:
    gone = compared(runs(), {**runs(), "runs": []})
    assert [one.direction for one in gone.changes] == [Direction.GONE]
    assert gone.is_worse
    new = compared({**runs(), "runs": []}, runs())
    assert [one.direction for one in new.changes] == [Direction.NEW]
    assert not new.is_worse


def test_another_timeline_alone_is_told_apart() -> None:
    found = compared(runs(), runs(digest="other"))
    assert (found.changes, found.timelines) == ((), ("act-1[cloudflare-100]",))


CELL = {
    "shape": "silent",
    "product": "nginx",
    "agree": True,
    "listed_reason": "",
    "emulated": {"at_s": 1.0},
    "real": None,
}
FIX = {"fix": "heartbeat", "edge": "nginx", "result": "cured", "evidence": ""}
RULE = {"id": "a-rule", "level": "must", "result": "pass", "detail": ""}
EXCHANGE = {
    "method": "GET",
    "url": "http://h/",
    "wire": {"status": 200, "end": "complete", "header_s": 1.0},
    "findings": [],
    "edges": {"nginx": {"outcome": "passes"}},
}
OPERATION = {"method": "POST", "path": "/x", "sent": True, "edges": {"nginx": {"outcome": "passes"}}}


@pytest.mark.parametrize(
    ("entries", "before", "change", "name"),
    [
        ("cells", CELL, {"agree": False}, "silent[nginx]"),
        ("cells", FIX, {"result": "worse"}, "heartbeat[nginx]"),
        ("rules", RULE, {"result": "fail"}, "a-rule"),
        ("operations", OPERATION, {"edges": {"nginx": {"outcome": "cut"}}}, "POST /x"),
        ("entries", EXCHANGE, {"edges": {"nginx": {"outcome": "cut"}}}, "GET http://h/"),
    ],
)
def test_the_results_of_every_command_can_be_compared(
    entries: str, before: dict[str, Any], change: dict[str, Any], name: str
) -> None:
    old = {"schema": 1, "firstbyte": "1", entries: [before]}
    new = {"schema": 1, "firstbyte": "1", entries: [before | change]}
    assert directions(old, new) == [(name, Direction.WORSE)]
    assert directions(old, old) == []


def test_a_live_probe_is_one_exchange_and_its_times_may_vary_a_little() -> None:
    old = {"schema": 1, "firstbyte": "1", **EXCHANGE}
    slower = old | {"wire": {"status": 200, "end": "complete", "header_s": 1.2}}
    slow = old | {"wire": {"status": 200, "end": "complete", "header_s": 9.0}}
    found = old | {"findings": ["partial-header"]}
    assert directions(old, slower) == []
    assert directions(old, slow) == directions(old, found) == [("GET http://h/", Direction.CHANGED)]


@pytest.fixture
def chain(tmp_path: Path) -> Callable[[str], dict[str, Any]]:
    """What `check --chain --json` writes."""

    def written(names: str) -> dict[str, Any]:
        assert main(["check", "--chain", names, "--json", str(tmp_path / "chain.json")]) == 0
        return dict(json.loads((tmp_path / "chain.json").read_text()))

    return written


def test_a_new_warning_of_a_chain_is_for_the_worse_and_one_that_has_gone_is_better(
    chain: Callable[[str], dict[str, Any]],
) -> None:
    one, none = chain("nginx,cloudflare"), {**chain("nginx,cloudflare"), "warnings": []}
    assert one["warnings"]
    assert {direction for _, direction in directions(none, one)} == {Direction.WORSE}
    assert {direction for _, direction in directions(one, none)} == {Direction.BETTER}
    assert directions(one, one) == []


def test_markdown_names_what_it_was_and_what_it_is_and_nothing_breaks_out_of_its_cell() -> None:
    after = runs(verdict="delivered", scenario="act-1", client={"end": "a|b`<script>@all"})
    lines = list(markdown(compared(runs(), after)))
    assert lines[0] == "## firstbyte: 1 better"
    assert "| 🟢 better | `act-1[cloudflare-100]` | verdict | phantom-failure | delivered |" in lines
    assert "| | | end | complete | a\\|b'&lt;script>@\u200ball |" in lines


def test_the_exit_code_is_one_for_the_worse_and_with_strict_for_any_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(runs(verdict="delivered")))
    bad.write_text(json.dumps(runs()))
    assert main(["diff", str(good), str(good), "--strict"]) == 0
    assert "no result has changed" in capsys.readouterr().out
    assert main(["diff", str(good), str(bad)]) == 1
    assert main(["diff", str(bad), str(good)]) == 0
    assert main(["diff", str(bad), str(good), "--strict"]) == 1
    capsys.readouterr()
    assert main(["diff", str(good), str(bad), "--json", "-"]) == 1
    assert json.loads(capsys.readouterr().out)["changes"][0]["direction"] == "worse"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is no JSON"),
        ("[]", "is no result document"),
        ('{"schema": 2}', "schema: 2 is not known"),
        ('{"schema": 1}', "has no results that can be compared"),
        ('{"schema": 1, "rules": [{"id": "x"}]}', "was written by another command"),
    ],
)
def test_what_is_no_result_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, message: str
) -> None:
    good, odd = tmp_path / "good.json", tmp_path / "odd.json"
    good.write_text(json.dumps(runs()))
    odd.write_text(content)
    assert main(["diff", str(good), str(odd)]) == 2
    error = capsys.readouterr().err
    assert "odd.json" in error
    assert message in error
