"""The chart of the ratios has a line for each figure with a ratio, and no other."""

from xml.etree import ElementTree as ET

from benchmarks.chart import rows, svg
from benchmarks.figures import Figure, spread

FIGURES = [
    Figure(id="a", what="ours", unit="s", value=spread([2]), beside="theirs", ratio=spread([1, 2, 4])),
    Figure(id="b", what="alone", unit="s", value=spread([2.0])),
]


def test_a_figure_without_a_ratio_is_not_in_the_chart() -> None:
    assert rows(FIGURES) == [{"what": "ours / theirs", "median": 2.0, "low": 1.0, "high": 4.0}]


def test_the_chart_is_an_svg_that_names_what_it_compares() -> None:
    drawn = svg(FIGURES)
    texts = [element.text for element in ET.fromstring(drawn).iter() if element.tag.endswith("text")]
    assert "ours / theirs" in texts
    assert "ratio, measured in the same round" in texts
