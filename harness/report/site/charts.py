"""Statistics of a page, drawn by Vega-Altair without a browser or a network: an optional part.

Each chart is drawn for a light and for a dark page. It must never be all there is of a number: every chart is
told in words too.
"""

from __future__ import annotations

import base64
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from firstbyte.harness.report.site.model import Case, Chart, Hue, Site
from firstbyte.harness.report.site.packing import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NOTE = "Statistics are drawn by Vega-Altair, which is not installed; run `pip install 'firstbyte[charts]'`."
_WIDTH = 640
_COLOURS = {
    "light": {
        Hue.GOOD: "#2f9e6b", Hue.FINE: "#5b8fd9", Hue.BAD: "#d9534a", Hue.LOST: "#a45fd0",
        Hue.TWICE: "#d9822b", Hue.HALF: "#d64f93", Hue.DOUBT: "#c9a227", Hue.NONE: "#98a2ae",
    },
    "dark": {
        Hue.GOOD: "#4cc38a", Hue.FINE: "#7fb2ff", Hue.BAD: "#ff7b72", Hue.LOST: "#cf9cf2",
        Hue.TWICE: "#f0a45d", Hue.HALF: "#ff8cc3", Hue.DOUBT: "#e3c04b", Hue.NONE: "#8d97a3",
    },
}  # fmt: skip
_INK = {"light": ("#1a1f27", "#dde1e7"), "dark": ("#e7eaef", "#313843")}


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """A chart to be. draw: makes it with the colours of a scheme, 'light' or 'dark'."""

    title: str
    told: str
    draw: Callable[[str], Any]


def drawn_all(charts: Sequence[Drawn]) -> tuple[tuple[Chart, ...], str]:
    """The charts, or why there are none."""
    try:
        import altair  # noqa: F401, PLC0415 - an optional part, and a second to load
        import vl_convert  # noqa: F401, PLC0415
    except ImportError:
        return (), NOTE
    return tuple(
        Chart(title=one.title, told=one.told, light=_svg(one, "light"), dark=_svg(one, "dark"))
        for one in charts
    ), ""


def _svg(chart: Drawn, scheme: str) -> str:
    return base64.b64encode(svg_of(chart.draw(scheme), scheme).encode()).decode()


def svg_of(chart: Any, scheme: str) -> str:
    """The SVG of an Altair chart, in the colours of the page."""
    import vl_convert  # noqa: PLC0415 - an optional part

    ink, line = _INK[scheme]
    text = {"labelColor": ink, "titleColor": ink, "labelFontSize": 12, "titleFontSize": 12}
    config = {
        "background": "transparent",
        "font": "DejaVu Sans, Verdana, sans-serif",
        "padding": {"left": 16, "right": 40, "top": 8, "bottom": 8},
        "axis": {
            **text,
            "labelOverlap": True,
            "gridColor": line,
            "domainColor": line,
            "tickColor": line,
            "labelLimit": 260,
        },
        "legend": text,
        "view": {"stroke": None},
    }
    drawn: str = vl_convert.vegalite_to_svg({**chart.to_dict(), "config": config})
    return drawn


def counts_by_column(site: Site) -> Drawn:
    """How often each result came behind each edge, say."""
    counted = Counter((case.column, case.word) for case in site.cases)
    # A character XML has no place for would not be an error of the drawing library: it ends the process.
    rows = [
        {"column": shown(column), "word": shown(word), "cases": number}
        for (column, word), number in counted.items()
    ]
    return Drawn(
        title=f"Results by {site.column_noun}",
        told=f"{len(site.cases)} {site.case_noun}s: {_counts_text(site.cases)}.",
        draw=lambda scheme: _bars(rows, site, scheme),
    )


def _counts_text(cases: Sequence[Case]) -> str:
    return ", ".join(
        f"{number} {word}" for word, number in Counter(case.word for case in cases).most_common()
    )


def _bars(rows: list[dict[str, Any]], site: Site, scheme: str) -> Any:
    import altair  # noqa: PLC0415 - an optional part

    order = [shown(word.word) for word in site.words]
    colours = [_COLOURS[scheme][word.hue] for word in site.words]
    return (
        altair.Chart({"values": [row | {"order": order.index(row["word"])} for row in rows]})
        .mark_bar()
        .encode(
            x=altair.X("cases:Q", title=f"{shown(site.case_noun)}s"),
            y=altair.Y("column:N", title=None, sort="-x"),
            color=altair.Color("word:N", title=None, scale=altair.Scale(domain=order, range=colours)),
            order=altair.Order("order:Q"),
        )
        .properties(width=_WIDTH, height=altair.Step(18))
    )


def findings_by_level(site: Site) -> Drawn:
    """How often each finding was made."""
    counted = Counter(name for case in site.cases for name in case.findings)
    levels = {one.id: one.level for one in site.findings}
    rows = [
        {"finding": shown(name), "cases": number, "level": levels.get(name, "note")}
        for name, number in counted.items()
    ]
    most = ", ".join(f"{name} {number} times" for name, number in counted.most_common(3))
    return Drawn(
        title="Findings",
        told=f"The most frequent: {most}." if most else "None.",
        draw=lambda scheme: _finding_bars(rows, site, scheme),
    )


def _finding_bars(rows: list[dict[str, Any]], site: Site, scheme: str) -> Any:
    import altair  # noqa: PLC0415 - an optional part

    levels = {"bug": Hue.BAD, "risk": Hue.DOUBT, "note": Hue.NONE}
    scale = altair.Scale(domain=list(levels), range=[_COLOURS[scheme][hue] for hue in levels.values()])
    return (
        altair.Chart({"values": rows})
        .mark_bar()
        .encode(
            x=altair.X("cases:Q", title=f"{shown(site.case_noun)}s"),
            y=altair.Y("finding:N", title=None, sort="-x"),
            color=altair.Color("level:N", title=None, scale=scale),
        )
        .properties(width=_WIDTH, height=altair.Step(18))
    )
