"""What is chosen is run, all of it and in order, alone or in several processes."""

from pathlib import Path

import pytest

from firstbyte.harness.files.loader import load_suites
from firstbyte.harness.model.result import Run
from firstbyte.harness.problems import BadInput
from firstbyte.harness.runner import selection as matrix
from firstbyte.harness.runner.plan import Options
from firstbyte.harness.runner.selection import plans, run_all, select, shard

HERO = [scenario.id for scenario in load_suites()[0].scenario]
SUITE = """
suite = "mine"
about = "Mine."

[[scenario]]
id = "slow"
claim = "A client must be told the truth."
source = "2026-11-22"
step = [{ do = "send" }]
edge.nginx = { verdict = "delivered" }
"""


def chosen(*words: str) -> list[str]:
    return [scenario.id for scenario in select(words)]


WORDS = [
    (("hero",), HERO),
    (("act-1",), ["act-1"]),
    (("act-1[nginx]",), ["act-1"]),
    (("act-?",), [name for name in HERO if len(name) == len("act-1")]),
    (("hero/act-1",), ["act-1"]),
    (("hero/*",), HERO),
    (("act-3", "act-1"), ["act-3", "act-1"]),
]


@pytest.mark.parametrize(("words", "found"), WORDS, ids=[" ".join(words) for words, _ in WORDS])
def test_scenarios_are_chosen_by_suite_id_and_glob(words: tuple[str, ...], found: list[str]) -> None:
    assert chosen(*words) == found


def test_nothing_named_is_everything_the_hero_first() -> None:
    everything = chosen()
    assert everything[: len(HERO)] == HERO
    assert len(everything) == sum(len(suite.scenario) for suite in load_suites())


def test_a_file_of_ones_own_is_chosen_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(SUITE)
    assert chosen(str(path)) == ["slow"]


def test_a_suites_file_can_be_named_without_its_folder() -> None:
    assert chosen("hero.toml") == HERO


def test_what_is_not_there_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(BadInput, match="no scenario or suite 'act-11'; did you mean 'act-1'"):
        select(["act-11"])


def test_each_scenario_is_planned_behind_its_own_edges_or_the_given_ones() -> None:
    act = select(["act-1"])
    assert [plan.edge for plan in plans(act, (), Options())] == list(act[0].edge)
    assert [plan.name for plan in plans(act, ("nginx", "direct"), Options())] == [
        "act-1[nginx]",
        "act-1[direct]",
    ]


@pytest.mark.parametrize("count", [1, 2, 3, 7, 1000])
def test_shards_cover_everything_once_and_in_order(count: int) -> None:
    everything = list(plans(select([]), (), Options()))
    parts = [shard(everything, index, count) for index in range(1, count + 1)]
    assert sorted(plan.name for part in parts for plan in part) == sorted(plan.name for plan in everything)
    assert max(len(part) for part in parts) - min(len(part) for part in parts) <= 1
    order = {id(plan): number for number, plan in enumerate(everything)}
    assert all(
        [order[id(plan)] for plan in part] == sorted(order[id(plan)] for plan in part) for part in parts
    )


@pytest.mark.slow
def test_several_processes_give_what_one_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    some = list(plans(select([]), (), Options()))[::9]
    assert len(some) >= matrix.WORTH_FORKING
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2})
    told: list[Run] = []
    forked = run_all(some, 3, told.append)
    serial = run_all(some, 1, lambda run: None)
    assert forked == serial
    assert tuple(told) == forked


def test_real_runs_come_back_in_the_order_of_the_plans() -> None:
    options = Options(mode="real", time_scale=400)
    some = [*plans(select(["act-1", "act-3"]), ("cloudflare-100",), options)]
    told: list[Run] = []
    runs = run_all(some, 8, told.append)
    assert [run.scenario for run in runs] == ["act-1", "act-3"]
    assert sorted(run.scenario for run in told) == ["act-1", "act-3"]
