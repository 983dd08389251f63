"""The chart of the ratios has a line for each figure with a ratio, and no other."""

import re
from pathlib import Path
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


def labels(drawn: str) -> list[str]:
    """The texts of the chart that name a row."""
    texts = [one.text or "" for one in ET.fromstring(drawn).iter() if one.tag.endswith("text")]
    return [text for text in texts if " / " in text]


def test_names_that_differ_at_their_ends_are_told_apart() -> None:
    start = "latency added to small replies, 256 connections, HTTP/1.1, of the product called "
    two = [
        Figure(id=end, what=start + end, unit="s", value=spread([2]), beside="theirs", ratio=spread([1, 2]))
        for end in ("nginx", "caddy")
    ]
    assert labels(svg(two)) == [f"{start}{end} / theirs" for end in ("nginx", "caddy")]


def test_the_chart_of_the_page_has_the_rows_of_its_table(root: Path) -> None:
    page = (root / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    ratios = re.findall(r"^\| (.+?) \| [^|]+ \| [\d.,]+(?: \([^)]+\))? x (.+?) \|", page, re.M)
    assert len(ratios) > 50
    drawn = (root / "docs" / "images" / "benchmarks.svg").read_text(encoding="utf-8")
    assert labels(drawn) == [f"{what} / {beside}" for what, beside in ratios]
