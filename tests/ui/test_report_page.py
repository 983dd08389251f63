"""The page of results in a browser: from a file, without a network, by keyboard, light, dark, on paper."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped] # it has no types
from playwright.sync_api import ConsoleMessage, Page, expect

from firstbyte.harness.files.loader import load_profile
from firstbyte.harness.report.site.charts import counts_by_column, drawn_all, findings_by_level
from firstbyte.harness.report.site.page import write_site
from firstbyte.harness.report.site.runs import Replay, site_of
from firstbyte.harness.runner.plan import Options
from firstbyte.harness.runner.play import run_in_sim
from firstbyte.harness.runner.selection import plans, select
from tests.harness.report import samples

pytestmark = [pytest.mark.real, pytest.mark.slow]
VIEWS = ("#claims", "#matrix", "#runs", "#charts", "#about", "#case/0", "#case/13")
HOSTILE = "</script><img src=x onerror='document.title=1'><script>document.title=1</script>"


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page of the acts, of runs that went wrong, and of one full of markup."""
    # Playwright keeps a loop running in this thread, and a simulation wants its own.
    with ThreadPoolExecutor(1) as other:
        acts = list(other.map(run_in_sim, plans(select(["hero"]), (), Options())))
    hostile = msgspec.structs.replace(
        samples.failed(), scenario="hostile", claim=HOSTILE, mismatches=(HOSTILE,)
    )
    runs = [*acts, samples.not_started(), hostile]
    edge = (load_profile("cloudflare-100").profile,)
    site = site_of(
        runs,
        title="firstbyte run",
        facts=[("command", "firstbyte run")],
        profiles={(run.scenario, run.edge): edge for run in acts},
        replay=Replay(known=frozenset(run.scenario for run in acts)),
    )
    charts, note = drawn_all([counts_by_column(site), findings_by_level(site)])
    assert note == ""
    folder = tmp_path_factory.mktemp("page")
    return write_site(msgspec.structs.replace(site, charts=charts), folder).as_uri()


@pytest.fixture
def opened(page: Page, address: str) -> Callable[[str], Page]:
    """Opens a view; anything the browser complains of fails the test."""
    asked: list[str] = []

    def complain(message: ConsoleMessage) -> None:
        pytest.fail(f"the browser says: {message.text}")

    page.on("console", complain)
    page.on("pageerror", lambda error: pytest.fail(f"the page fails: {error}"))
    page.on("request", lambda request: asked.append(request.url))

    def open_view(view: str) -> Page:
        page.goto("about:blank")
        asked.clear()
        page.goto(address + view)
        expect(page.locator("#title")).to_be_visible()
        assert [url for url in asked if not url.startswith("data:")] == [address]
        return page

    return open_view


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_view(
    opened: Callable[[str], Page], scheme: Literal["light", "dark"]
) -> None:
    for view in VIEWS:
        page = opened(view)
        page.emulate_media(color_scheme=scheme)
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        expect(page.locator("details:not([open])")).to_have_count(0)
        found = Axe().run(page).response["violations"]
        assert [f"{view} {one['id']}: {node['html']}" for one in found for node in one["nodes"]] == []


def test_nothing_is_wider_than_a_small_screen(opened: Callable[[str], Page]) -> None:
    for view in VIEWS:
        page = opened(view)
        page.set_viewport_size({"width": 360, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, view


def test_the_picture_of_act_1_shows_deadline_status_and_work_for_nobody(
    opened: Callable[[str], Page],
) -> None:
    picture = opened("#case/0").locator("svg.lanes")
    expect(picture.locator(".deadline text")).to_have_text("▼ 100 s proxy-read")
    expect(picture.locator(".lane-client .label.bad")).to_have_text("524")
    late, client = picture.locator(".lane-origin .bar.late"), picture.locator(".lane-client .bar.wait")
    late_box, client_box = late.bounding_box(), client.bounding_box()
    assert late_box is not None
    assert client_box is not None
    # The client's line ends where the work for nobody begins: 100 of 130 s.
    assert late_box["x"] == pytest.approx(client_box["x"] + client_box["width"], abs=1.5)
    assert late_box["width"] / client_box["width"] == pytest.approx(30 / 100, abs=0.01)
    expect(picture.get_by_text("virtual seconds")).to_be_visible()


def test_markup_in_a_run_is_shown_as_text(opened: Callable[[str], Page]) -> None:
    page = opened("#runs?q=hostile")
    page.get_by_role("link", name="hostile").click()
    expect(page.locator("blockquote")).to_have_text(HOSTILE)
    expect(page).to_have_title("hostile edge cloudflare-100 - firstbyte run")
    assert page.locator("main img").count() == 0


def test_a_filter_is_in_the_address_and_survives_another_view(opened: Callable[[str], Page]) -> None:
    page = opened("#runs")
    page.get_by_label("Search").fill("204 durable")
    expect(page.locator("#count")).to_have_text("2 of 13 runs")
    page.get_by_label("Result", exact=True).select_option("phantom-success")
    expect(page.locator("#count")).to_have_text("1 of 13 runs")
    assert page.url.endswith("#runs?q=204+durable&word=phantom-success")
    page.reload()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("tbody tr")).to_have_count(13)


def test_the_matrix_needs_no_mouse(opened: Callable[[str], Page]) -> None:
    page = opened("#matrix")
    first = page.locator(".matrix a.cell").first
    first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#title")).to_have_text("act-2 edge cloudflare-100")
    page.keyboard.press("n")
    expect(page.locator("#title")).to_have_text("act-3 edge cloudflare-100")
    page.keyboard.press("p")
    expect(page.locator("#title")).to_have_text("act-2 edge cloudflare-100")


def test_the_theme_can_be_chosen(opened: Callable[[str], Page]) -> None:
    page = opened("#claims")
    page.emulate_media(color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    for _ in ("light", "dark"):
        page.get_by_role("button", name="Theme").click()
    assert page.evaluate(ground) != light


def test_on_paper_causes_are_unfolded_and_controls_are_gone(
    opened: Callable[[str], Page], tmp_path: Path
) -> None:
    page = opened("#case/0")
    page.emulate_media(media="print")
    expect(page.locator("nav")).to_be_hidden()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator(".finding details").first).to_have_attribute("open", "")
    assert page.pdf().startswith(b"%PDF")
