"""`make pictures`: docs/images anew, from what the terminal and the browser really show.

Terminal pictures are SVG by rich, browser ones PNG by Playwright. Same code, same pictures: nothing in them
depends on the day or the machine but the browser's fonts. So what a PNG shows is written beside it as a
digest, and a test makes the digest anew.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec
from machine import ROOT
from rich.console import Console
from rich.text import Text

from firstbyte.harness.report.paint import Line, Palette, paint
from firstbyte.harness.report.picture import picture
from firstbyte.harness.report.site import charts as drawing
from firstbyte.harness.report.site.charts import counts_by_column, drawn_all, findings_by_level
from firstbyte.harness.report.site.page import rendered, write_site
from firstbyte.harness.report.site.runs import Replay, site_of
from firstbyte.harness.report.table import table
from firstbyte.harness.runner.plan import Options
from firstbyte.harness.runner.play import run_in_sim
from firstbyte.harness.runner.selection import plans, run_all, select
from firstbyte.harness.sendstate.browser import running_browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from firstbyte.harness.model.result import Run
    from firstbyte.harness.report.site.model import Site

IMAGES = ROOT / "docs" / "images"
MADE_OF = IMAGES / "made-of.json"
"""For each PNG of SCREENS: the digest of what it is a picture of."""
SUITES = ("hero", "handlers", "chains")
WIDTH = 80
type Scheme = Literal["light", "dark"]
SCREENS: tuple[tuple[str, str, Scheme, tuple[int, int]], ...] = (
    ("page-claims-light", "", "light", (1180, 720)),
    ("page-matrix-dark", "#matrix", "dark", (1180, 720)),
    ("page-case-light", "#case/0", "light", (1180, 1000)),
    ("page-case-dark", "#case/1", "dark", (1180, 1000)),
    ("page-statistics-light", "#charts", "light", (1180, 760)),
    ("page-case-narrow", "#case/0", "light", (400, 800)),
)
"""Name, view, scheme, size."""


def acts() -> list[Run]:
    """The runs of the terminal pictures."""
    return [run_in_sim(plan) for plan in plans(select(["hero"]), (), Options())]


def terminal_pictures(runs: Sequence[Run]) -> dict[str, str]:
    """SVG by file name."""
    by_name = {run.scenario: run for run in runs}
    hero = [run for run in runs if run.scenario.startswith("act-")]
    wanted = {
        "terminal-act-1": ("firstbyte run act-1 --verbose", picture(by_name["act-1"], WIDTH)),
        "terminal-act-2": ("firstbyte run act-2 --verbose", picture(by_name["act-2"], WIDTH)),
        "terminal-reproduce": ("firstbyte reproduce", table(hero, WIDTH)),
    }
    return {name: svg_of(lines, title, name) for name, (title, lines) in wanted.items()}


def svg_of(lines: Sequence[Line], title: str, name: str) -> str:
    """What a terminal of 80 columns shows, as SVG."""
    console = Console(
        record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="standard"
    )
    console.print(Text.from_ansi(paint(lines, Palette.COLOUR)), end="")
    # Without an id of our own rich takes one that differs from version to version.
    drawn = console.export_svg(title=title, unique_id=name)
    # The font it names would come from the network; every machine has one of this kind.
    return re.sub(r"@font-face {.*?}\s*", "", drawn, flags=re.S).replace("Fira Code, ", "DejaVu Sans Mono, ")


def take(browser: Browser, address: str) -> None:
    """Every screen picture."""
    for name, view, scheme, (width, height) in SCREENS:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
        )
        page = context.new_page()
        page.goto(address + view)
        page.locator("#title").wait_for()
        page.evaluate("document.fonts.ready")
        page.screenshot(path=IMAGES / f"{name}.png")
        context.close()


def screen_site() -> Site:
    """The page that the screens show, without its charts."""
    chosen = list(plans(select(SUITES), (), Options()))
    runs = run_all(chosen, 1, lambda _run: None)
    command = f"firstbyte run {' '.join(SUITES)}"
    return site_of(
        runs,
        title="firstbyte run",
        facts=[("command", command)],
        profiles={(plan.scenario.id, plan.edge): plan.profiles for plan in chosen},
        replay=Replay(known=frozenset(run.scenario for run in runs)),
    )


def digests(site: Site) -> dict[str, str]:
    """Of each screen: the page's own bytes, what draws its charts, the view, the size.

    Never of pixels, nor of drawn charts: both differ with the machine's fonts.
    """
    charts = Path(drawing.__file__).read_bytes()
    page = hashlib.sha256(rendered(site) + charts).hexdigest()
    return {screen[0]: hashlib.sha256(f"{page} {screen}".encode()).hexdigest() for screen in SCREENS}


def with_charts(site: Site) -> Site:
    """The same page with its statistics."""
    charts, note = drawn_all([counts_by_column(site), findings_by_level(site)])
    return msgspec.structs.replace(site, charts=charts, charts_note=note)


def main() -> int:
    """Exit status 0; what is missing is told by the exception."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name, text in terminal_pictures(acts()).items():
        (IMAGES / f"{name}.svg").write_text(text, encoding="utf-8")
    if "--terminal-only" not in sys.argv:
        site = screen_site()
        with tempfile.TemporaryDirectory() as folder, running_browser() as browser:
            take(browser, write_site(with_charts(site), Path(folder)).as_uri())
        MADE_OF.write_text(json.dumps(digests(site), indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
