"""Hostile text on every page that is served or written: shown as text, never run, and nothing is fetched.

The pages of results of all commands are one page made of one model, so that model is filled with it.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote, urlsplit

import msgspec
import pytest
from playwright.sync_api import ConsoleMessage, Dialog, Page, expect

from firstbyte.harness.files.loader import load_profile, profile_names
from firstbyte.harness.grid.cell import Cell, GridCell
from firstbyte.harness.grid.pages import page as grid_page
from firstbyte.harness.model.timeline import Actor, Event, Kind
from firstbyte.harness.model.units import seconds
from firstbyte.harness.report.site.charts import counts_by_column, drawn_all
from firstbyte.harness.report.site.model import Case, Explained, Hue, Lanes, Link, Mark, Row, Site, Word
from firstbyte.harness.report.site.page import write_site
from firstbyte.proxies.rules.answer import Values, refusal_text, render
from tests.ui.conftest import origin

__all__ = ["origin"]
pytestmark = [pytest.mark.real, pytest.mark.slow]
DO = "window.__xss=1"
VECTORS = (
    f"<script>{DO}</script>",
    f"</script><script>{DO}</script>",
    f"</style></title></textarea></noscript><script>{DO}</script>",
    f"<!--<script>{DO}</script>--><script>{DO}</script>",
    f"<img src=x onerror={DO}>",
    f"<svg/onload={DO}>",
    f"<svg><animate onbegin={DO} attributeName=x dur=1s>",
    f"<details open ontoggle={DO}>x</details>",
    f"<iframe srcdoc='<script>parent.{DO}</script>'></iframe>",
    f"\"><img src=x onerror={DO}> ' onmouseover='{DO}' autofocus onfocus='{DO}",
    f"javascript:{DO}//",
    f'<a href="java\tscript:{DO}">x</a>',
    f"${{{DO}}} {{{{constructor.constructor('{DO}')()}}}} `${{{DO}}}`",
    f"\\u003cscript\\u003e{DO}\\u003c/script\\u003e \u2028{DO}\u2029 \x00<script>{DO}</script>",
    f"\uff1cscript\uff1e{DO}\uff1c/script\uff1e \u202e<img src=x onerror={DO}>",
    "<meta http-equiv=refresh content='0;url=http://elsewhere.invalid/'><base href=http://elsewhere.invalid/>",
    "<link rel=stylesheet href=http://elsewhere.invalid/x><style>@import 'http://elsewhere.invalid/y';</style>",
    "<form action=http://elsewhere.invalid/><input type=image src=http://elsewhere.invalid/z></form>",
    f"@DATA@ @SCRIPT@ @STYLE@ @POLICY@ @TITLE@ {{host}} {{path}} <script>{DO}</script>",
)
WATCH = """
addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective}`));
"""


class Watched:
    """A page whose dialogs, complaints, errors and requests are kept."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.seen: list[str] = []
        self.asked: list[str] = []
        page.add_init_script(WATCH)
        page.on("dialog", self._asked)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.seen.append(f"error {error}"))
        page.on("request", lambda request: self.asked.append(request.url))

    def _asked(self, dialog: Dialog) -> None:
        self.seen.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def _heard(self, message: ConsoleMessage) -> None:
        if not message.location["url"].endswith("/favicon.ico"):  # which a browser asks for by itself
            self.seen.append(f"console {message.text}")

    def check(self, home: str) -> None:
        """Nothing ran, nothing complained, nothing was asked of anybody but `home`."""
        assert self.page.evaluate("window.__xss") is None
        assert self.seen == []
        assert [url for url in self.asked if not url.startswith((home, "data:", "about:"))] == []


@pytest.fixture
def watched(page: Page) -> Watched:
    return Watched(page)


def hostile_site(charts: bool) -> Site:
    """Every text of the model is hostile, a case for each vector."""
    one = VECTORS[0]
    site = Site(
        title=one,
        about=one,
        row_noun=one,
        column_noun=one,
        case_noun=one,
        rows=tuple(Row(name=text, title=text, claim=text) for text in VECTORS),
        cases=tuple(map(_hostile_case, VECTORS)),
        words=tuple(Word(word=text, sign="!", hue=Hue.BAD, meaning=text) for text in VECTORS),
        facts=tuple((text, text) for text in VECTORS),
        findings=tuple(
            Explained(id=text, title=text, level=text, meaning=text, cause=text, cures=(text,))
            for text in VECTORS
        ),
        charts_note=one,
    )
    made, _ = drawn_all([counts_by_column(site)]) if charts else ((), "")
    return msgspec.structs.replace(site, charts=made)


def _hostile_case(text: str) -> Case:
    mark = Mark(at=1, actor=text, kind=text, request=1, data={text: text})
    known = Mark(at=2, actor="edge", kind="timer-fired", request=1, data={"timer": text, "reason": text})
    return Case(
        row=text, column=text, word=text, outcome=text, is_good=False, brief=text,
        told=((text, text),), problems=(text,), findings=(text,), facts=((text, text),),
        lanes=(Lanes(title=text, unit=text, marks=(mark, known)),),
        links=(Link(title=text, path=text, opens_with=text),), replay=text,
    )  # fmt: skip


def test_a_page_of_results_runs_nothing_of_what_it_shows(watched: Watched, tmp_path: Path) -> None:
    address = write_site(hostile_site(charts=True), tmp_path).as_uri()
    views = ("claims", "matrix", "runs", "charts", "about", *(f"case/{n}" for n in range(len(VECTORS))))
    for view in views:
        watched.page.goto(f"{address}#{view}")
        expect(watched.page.locator("#title")).to_be_visible()
        assert (
            watched.page.locator("main :is(script, img[src=x], iframe, base, meta, form[action])").count()
            == 0
        )
    for link in watched.page.locator("main li a").all():
        assert (link.get_attribute("href") or "").startswith(("./", "#"))
    watched.check(address)


def test_the_page_of_the_grid_runs_nothing_of_what_it_shows(watched: Watched, tmp_path: Path) -> None:
    cells = [_hostile_cell(text) for text in VECTORS]
    path = tmp_path / "grid.html"
    path.write_text(grid_page(cells, (), date(2026, 11, 27)), encoding="utf-8")
    watched.page.goto(path.as_uri())
    for button in watched.page.locator("td button").all():
        button.click()
        watched.page.get_by_role("button", name="Close").click()
    watched.check(path.as_uri())


def _hostile_cell(text: str) -> GridCell:
    event = Event(at=1, actor=Actor.EDGE, kind=Kind.TIMER_FIRED, request=1, data={"timer": text, text: text})
    side = Cell(
        status=None, end=text, at=1, limit=seconds(60), origin_requests=1, origin_saw=text, events=(event,)
    )
    return GridCell(
        shape="silent", product=text, product_version=text, emulated=side, real=side, listed_reason=text
    )


def test_the_published_grid_works_under_its_policy(watched: Watched, root: Path) -> None:
    address = (root / "docs" / "grid.html").as_uri()
    watched.page.goto(address)
    watched.page.locator("td button").first.click()
    expect(watched.page.locator("#title")).to_contain_text("behind")
    watched.page.get_by_role("button", name="Close").click()
    assert (
        watched.page.evaluate("getComputedStyle(document.querySelector('table')).borderCollapse")
        == "collapse"
    )
    watched.check(address)


@pytest.mark.parametrize("name", ["naive", "robust"])
def test_a_message_runs_nothing_on_either_page_or_beside_it(watched: Watched, origin: str, name: str) -> None:
    page = watched.page
    page.goto(f"{origin}/ui/{name}/?truth&x={quote(VECTORS[0])}")
    for number, text in enumerate(VECTORS, 1):
        page.get_by_test_id("composer").fill(text)
        page.get_by_test_id("send").click()
        expect(page.locator("[data-testid=message][data-role=user]")).to_have_count(number)
    expect(page.locator("aside li")).to_have_count(len(VECTORS))
    assert page.locator("ol :is(script, img, svg, iframe, details, form, style, link)").count() == 0
    watched.check(origin)


def answers() -> Iterator[bytes]:
    """The bodies of every answer of every edge, with each vector for whatever a client can choose."""
    found = {}
    for name in profile_names():
        for answer in load_profile(name).profile.answers.values():
            for body in answer.bodies:
                if "html" in body.content_type or not body.content_type:
                    found[body.text] = answer
    for answer in found.values():
        for text in VECTORS:
            values = Values(host=text, method=text, path=text, ray=text, timestamp=text)
            yield render(answer, "text/html", values).body
    yield from (refusal_text(400, text) for text in VECTORS)


def test_an_edges_own_answers_run_nothing_of_a_request(watched: Watched) -> None:
    bodies = {body.decode() for body in answers()}
    assert len(bodies) > len(VECTORS) * 3
    shown = "http://edge.invalid/"
    watched.page.route(shown, lambda route: route.fulfill(body="<!DOCTYPE html><title>x</title>"))
    watched.page.goto(shown)
    # Parsed and let run as if it had come from the server; a base or a refresh in it would show as a request.
    for body in sorted(bodies):
        watched.page.evaluate("text => { document.open(); document.write(text); document.close(); }", body)
        assert watched.page.locator(":is(script:not([src]), img[src=x], svg, base, details)").count() == 0, (
            body
        )
    assert watched.page.evaluate("window.__xss") is None
    assert [line for line in watched.seen if "policy" in line or "dialog" in line] == []
    assert [url for url in watched.asked if "elsewhere" in url] == []


def get(server: str, path: str) -> tuple[int, Message, bytes]:
    with closing(HTTPConnection(urlsplit(server).netloc, timeout=10)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


def directives(policy: str) -> dict[str, list[str]]:
    parts = (part.split() for part in policy.split(";"))
    return {part[0]: part[1:] for part in parts if part}


def assert_strict(policy: dict[str, list[str]]) -> None:
    """Nothing inline but by hash, nothing evaluated, nothing from elsewhere, no base, no form."""
    assert policy["default-src"] == ["'none'"]
    assert (policy["base-uri"], policy["form-action"]) == (["'none'"], ["'none'"])
    allowed = re.compile(r"'none'|'self'|'sha256-[\w+/=]+'|data:")
    sources = [source for values in policy.values() for source in values]
    assert [source for source in sources if not allowed.fullmatch(source)] == []
    assert "data:" not in policy["script-src"] + policy["style-src"]


def of_a_site(folder: Path, _root: Path) -> str:
    return write_site(hostile_site(charts=False), folder).read_text()


def of_the_grid(_folder: Path, root: Path) -> str:
    return (root / "docs" / "grid.html").read_text()


@pytest.mark.parametrize("make", [of_a_site, of_the_grid])
def test_a_written_page_has_a_strict_policy(
    make: Callable[[Path, Path], str], tmp_path: Path, root: Path
) -> None:
    text = make(tmp_path, root)
    found = re.search(r'<meta http-equiv="Content-Security-Policy" content="(.*?)">', text)
    assert found is not None
    assert_strict(directives(found[1]))
    assert '<meta name="referrer" content="no-referrer">' in text


@pytest.mark.parametrize("path", ["/ui/naive/", "/ui/robust/", "/ui/robust/page.js", "/ui/shared/base.css"])
def test_a_served_page_has_a_strict_policy(origin: str, path: str) -> None:
    status, headers, body = get(origin, path)
    assert (status, len(body) > 0) == (200, True)
    policy = directives(headers["Content-Security-Policy"])
    assert_strict(policy)
    assert policy["frame-ancestors"] == ["'none'"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_a_path_that_is_not_there_is_told_as_json(origin: str) -> None:
    status, headers, body = get(origin, f"/ui/naive/{quote(VECTORS[0], safe='')}")
    assert (status, headers["Content-Type"].partition(";")[0]) == (404, "application/json")
    assert json.loads(body)
