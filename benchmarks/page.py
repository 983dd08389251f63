"""The result page of a thousand runs: the time to make it, its size, and the time to open it in a browser."""

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from playwright.sync_api import Browser

from benchmarks.figures import Figure, at_most, spread
from firstbyte.harness.report.site.page import write_site
from firstbyte.harness.report.site.runs import Replay, site_of
from firstbyte.harness.runner.plan import Options
from firstbyte.harness.runner.selection import plans, run_all, select
from firstbyte.harness.sendstate.browser import running_browser

RUNS = 1_000
MOST_SECONDS, MOST_MEGABYTES, MOST_TO_OPEN = 5.0, 5.0, 1.0


def measure(rounds: int) -> Iterator[Figure]:
    """All suites, played once and repeated under other names until there are a thousand runs."""
    chosen = list(plans(select([]), (), Options()))
    profiles = {(plan.scenario.id, plan.edge): plan.profiles for plan in chosen}
    played = run_all(chosen, 2, lambda _run: None)
    runs = [
        msgspec.structs.replace(run, scenario=f"{run.scenario}-{number // len(played)}")
        for number, run in zip(range(RUNS), itertools.cycle(played), strict=False)
    ]
    making, opening, sizes = [], [], []
    with TemporaryDirectory() as folder, running_browser() as browser:
        for _ in range(rounds):
            began = time.perf_counter()  # noqa: TID251 - a benchmark measures wall time
            site = site_of(
                runs, title="firstbyte run", facts=(), profiles=profiles, replay=Replay(known=frozenset())
            )
            path = write_site(site, Path(folder))
            making.append(time.perf_counter() - began)  # noqa: TID251
            sizes.append(path.stat().st_size / 1e6)
            opening.append(_opened(browser, path))
    yield _figure("page.make", f"page of {RUNS:,} runs: making it", "s", making, MOST_SECONDS)
    yield _figure("page.size", "its size", "MB", sizes, MOST_MEGABYTES)
    yield _figure("page.open", "opening it in Chromium, all drawn", "s", opening, MOST_TO_OPEN)


def _opened(browser: Browser, path: Path) -> float:
    page = browser.new_page()
    began = time.perf_counter()  # noqa: TID251 - a benchmark measures wall time
    page.goto(path.as_uri())
    page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    took = time.perf_counter() - began  # noqa: TID251
    page.close()
    return took


def _figure(id_: str, what: str, unit: str, samples: list[float], most: float) -> Figure:
    return Figure(
        id=id_, what=what, unit=unit, value=spread(samples), goal=f"< {most:g} {unit}",
        met=at_most(samples, most),
        how="all suites in sim, repeated under other names; without charts" if id_ == "page.make" else "",
    )  # fmt: skip
