"""A chart of the ratios: a dot for the median, and a line from the smallest to the largest."""

from collections.abc import Sequence
from typing import Any

from benchmarks.figures import Figure
from firstbyte.harness.report.site.charts import svg_of


def rows(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """Return a label and the spread for each figure with a ratio."""
    return [
        {
            "what": f"{figure.what} / {figure.beside}",
            "median": figure.ratio.median,
            "low": figure.ratio.low,
            "high": figure.ratio.high,
        }
        for figure in figures
        if figure.ratio is not None and figure.ratio.low > 0
    ]


def svg(figures: Sequence[Figure]) -> str:
    """The chart as SVG; needs the charts extra."""
    import altair  # noqa: PLC0415 - only where a chart is drawn

    # Names that begin alike differ at their ends: none is cut.
    whole = altair.Axis(labelLimit=0)
    base = altair.Chart({"values": rows(figures)}).encode(
        y=altair.Y("what:N", sort=None, title=None, axis=whole)
    )
    scale = altair.Scale(type="log")
    ranges = base.mark_rule(color="#5b8fd9", strokeWidth=3).encode(
        x=altair.X("low:Q", scale=scale, title="ratio, measured in the same round"), x2="high:Q"
    )
    medians = base.mark_point(filled=True, size=70, color="#b3261e").encode(
        x=altair.X("median:Q", scale=scale)
    )
    return svg_of((ranges + medians).properties(width=520, height=altair.Step(20)), "light")
