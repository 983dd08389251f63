"""What predictions cost is measured beside a bare exchange, and stays within the goal."""

import pytest

from benchmarks.figures import Figure
from benchmarks.plays import BARE
from benchmarks.predictions import FEW, GOAL, measure


@pytest.fixture(scope="module")
def figures() -> dict[str, Figure]:
    return {figure.id: figure for figure in measure(3, 15, entries=FEW)}


@pytest.mark.parametrize("name", ["predict.edges", "predict.har"])
def test_all_edges_cost_no_more_than_four_bare_exchanges(name: str, figures: dict[str, Figure]) -> None:
    figure = figures[name]
    assert (figure.beside, figure.goal) == (BARE, f"{GOAL:g} x {BARE}")
    assert figure.ratio is not None
    assert figure.ratio.low <= GOAL


def test_an_entry_of_a_long_file_is_compared_with_one_of_a_short_file(figures: dict[str, Figure]) -> None:
    figure = figures[f"predict.har.{FEW}"]
    assert figure.ratio is not None
    assert figure.ratio.samples == 3
