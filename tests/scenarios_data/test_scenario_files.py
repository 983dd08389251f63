"""The scenario and shape files: enough of them, each with its claim and source, and every key explained."""

import re
from pathlib import Path

import msgspec
import pytest

from firstbyte.harness.checks.scenario import HANDLERS, scenario_complaints
from firstbyte.harness.files.loader import (
    load_profile,
    load_shape,
    load_suites,
    profile_names,
    scenarios_dir,
    shape_names,
)
from firstbyte.harness.findings import finding_ids
from firstbyte.harness.model import scenario as scenarios
from firstbyte.harness.model import shape as wire
from firstbyte.reference_server.handlers import handler_ids

OBLIGATION = re.compile(r"\b(must|should)\b")
ALL = tuple(scenario for suite in load_suites() for scenario in suite.scenario)
FIRST_EDGES = {"cloudflare", "cloudflare-100", "nginx", "heroku", "envoy"}


def section(heading: str) -> str:
    text = (scenarios_dir() / "README.md").read_text(encoding="utf-8")
    return text.split(f"\n## {heading}")[1].split("\n## ")[0]


def keys(kind: type[msgspec.Struct]) -> list[str]:
    tag = kind.__struct_config__.tag_field
    return [*kind.__struct_encode_fields__, *([tag] if tag else [])]


def test_no_scenario_file_has_a_complaint() -> None:
    profiles = {name: load_profile(name).profile for name in profile_names()}
    shapes = {name: load_shape(name) for name in shape_names()}
    assert [one for suite in load_suites() for one in scenario_complaints(suite, profiles, shapes)] == []


def test_there_are_at_least_120_scenarios_with_60_claims_of_an_obligation() -> None:
    assert len(ALL) >= 120
    assert len({scenario.claim for scenario in ALL if OBLIGATION.search(scenario.claim)}) >= 60


def test_every_scenario_id_is_unique_among_all_suites() -> None:
    ids = [scenario.id for scenario in ALL]
    assert sorted({one for one in ids if ids.count(one) > 1}) == []


def test_every_expectation_says_how_it_was_worked_out() -> None:
    silent = [
        f"{one.id}[{edge}]" for one in ALL for edge, expect in one.edge.items() if not expect.why.strip()
    ]
    assert silent == []


def test_every_expected_finding_exists() -> None:
    expected = {finding for one in ALL for expect in one.edge.values() for finding in expect.findings}
    assert expected <= set(finding_ids())


def test_every_suite_is_in_the_file_of_its_name() -> None:
    assert {suite.suite for suite in load_suites()} == {path.stem for path in scenarios_dir().glob("*.toml")}


def test_the_handlers_suite_runs_every_handler_behind_every_first_edge() -> None:
    suite = next(suite for suite in load_suites() if suite.suite == "handlers")
    met: dict[str, set[str]] = {}
    for one in suite.scenario:
        if isinstance(one.origin, scenarios.ServerOrigin):
            met.setdefault(one.origin.handler, set()).update(one.edge)
    missing = {handler: sorted(FIRST_EDGES - met.get(handler, set())) for handler in HANDLERS}
    assert {handler: edges for handler, edges in missing.items() if edges} == {}


def test_the_checker_knows_exactly_the_handlers_there_are() -> None:
    assert sorted(HANDLERS) == handler_ids()


def test_w1_to_w12_are_all_in_the_wire_suite() -> None:
    suite = next(suite for suite in load_suites() if suite.suite == "wire")
    met = {int(found[1]) for one in suite.scenario if (found := re.match(r"w(\d+)-", one.id))}
    assert met == set(range(1, 13))


@pytest.mark.parametrize("name", shape_names())
def test_a_shape_is_in_the_file_of_its_id_and_names_its_source(name: str) -> None:
    shape = load_shape(name)
    assert shape.id == name
    assert re.search(r"\b20\d\d\b", shape.source), f"{name}: source has no date"


def test_there_are_at_least_30_shapes() -> None:
    assert len(shape_names()) >= 30


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("Suite", scenarios.Suite),
        ("Scenario", scenarios.Scenario),
        ("Origin: the reference server", scenarios.ServerOrigin),
        ("Origin: a wire shape", scenarios.ShapeOrigin),
        ("Model", scenarios.Model),
        ("Step: send", scenarios.Send),
        ("Step: the others", scenarios.Pause),
        ("Expect", scenarios.Expect),
        ("Shape (", wire.Shape),
        ("Request", wire.Request),
    ],
)
def test_the_readme_explains_exactly_the_keys_there_are(heading: str, kind: type[msgspec.Struct]) -> None:
    explained = re.findall(r"^\| `([a-z_]+)` \|", section(heading), re.M)
    assert sorted(explained) == sorted(keys(kind))


@pytest.mark.parametrize("kind", wire.Step.__args__, ids=lambda kind: str(kind.__name__))
def test_the_readme_explains_every_shape_step_and_its_keys(kind: type[msgspec.Struct]) -> None:
    tag = kind.__struct_config__.tag
    row = next(line for line in section("Shape step").splitlines() if line.startswith(f"| `{tag}` |"))
    named = set(re.findall(r"`([a-z_]+)`", row.split("|")[2]))
    assert named == set(kind.__struct_encode_fields__)


def test_the_readme_names_every_step_of_a_script() -> None:
    text = section("Step: send") + section("Step: the others")
    tags = [str(kind.__struct_config__.tag) for kind in scenarios.Step.__args__]
    assert [tag for tag in tags if f'"{tag}"' not in text] == []


def test_the_readme_links_every_scenario_file() -> None:
    text = (scenarios_dir() / "README.md").read_text(encoding="utf-8")
    missing = [
        path.name for path in sorted(Path(scenarios_dir()).glob("*.toml")) if f"({path.name})" not in text
    ]
    assert missing == []
