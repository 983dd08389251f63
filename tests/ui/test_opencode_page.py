"""The reported symptom on the reported product, in a browser: told failed, processed, doubled.

FIRSTBYTE_PICTURES=DIR keeps what the user sees, for docs/opencode-16180.md.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from firstbyte.harness.problems import BadInput, MissingTool
from firstbyte.harness.sendstate.adapter import load_adapter
from firstbyte.harness.sendstate.page_under_test import PageUnderTest
from firstbyte.harness.sendstate.play import Subject, chosen, play, rehearse, staged
from firstbyte.harness.targets.opencode.packages import program_of
from firstbyte.harness.targets.opencode.pages import ADAPTER, PAGE_OF, serve_page
from firstbyte.proxies.program.arguments import read_upstream
from firstbyte.proxies.rules.orders import Action
from tests.conftest import lacking

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.programs]

TEXT = "please add a test"
ANSWER = "Hello from the scripted model."
BROKEN = {
    "1.2.20": {"restore-only-if-absent", "ambiguous-is-not-failed", "retry-reuses-id", "typed-text-survives"},
    "1.14.34": {
        "restore-only-if-absent",
        "ambiguous-is-not-failed",
        "retry-reuses-id",
        "typed-text-survives",
    },
    "1.18.33": {
        "restore-only-if-absent",
        "ambiguous-is-not-failed",
        "retry-reuses-id",
        "gateway-html-never-shown",
    },
}
"""What follows from the report, and from the source of both pages: whatever is no 2xx is a failure, the text
goes back, an Enter makes a new id. 1.14.34 puts the text back over what was typed, 1.18.33 shows the
edge's page."""
KEPT = {"double-enter-sends-once", "reload-shows-truth"}


@pytest.fixture(
    params=["1.18.33", *(pytest.param(one, marks=pytest.mark.soak) for one in ("1.14.34", "1.2.20"))]
)
def version(request: pytest.FixtureRequest) -> str:
    """One version whose programs are there."""
    name: str = request.param
    try:
        for one in (name, PAGE_OF.get(name, name)):
            program_of(one)
    except MissingTool as missing:
        lacking(str(missing))
    return name


@pytest.fixture
def subject(version: str) -> Iterator[Subject]:
    """Its page, up."""
    with serve_page(f"opencode@{version}") as stand:
        upstream = read_upstream(stand.url, verify=True)
        yield Subject(adapter=load_adapter(stand.adapter), upstream=upstream)


def test_the_reported_symptom_is_there_on_the_product(
    version: str, subject: Subject, browser: Browser
) -> None:
    with staged(subject, browser) as stage:
        stage.open()
        order = stage.sends.order(Action.HOLD)
        stage.send(TEXT)
        stage.until_server_has(TEXT)
        stage.sends.expire(order)
        stage.wait.until(lambda: bool(stage.claims_failure()), "the page says that it failed")
        assert "Failed to send prompt" in stage.claims_failure()
        assert stage.record().now.composer == TEXT, "the text is back in the composer"
        keep(stage.page, f"opencode-{version}-1-failed")
        stage.wait.until(lambda: ANSWER in answers(stage), "the server has answered what 'failed'")
        assert stage.sent() == [TEXT]
        stage.wait.until(lambda: TEXT in stage.record().now.sent, "the message is on the page all the same")
        assert stage.record().now.composer == TEXT, "and still in the composer, as if it were not sent"
        keep(stage.page, f"opencode-{version}-2-processed")
        stage.composer.send()
        stage.wait.until(lambda: answers(stage).count(ANSWER) == 2, "the second Enter is answered too")
        assert stage.sent() == [TEXT, TEXT]
        stage.wait.until(lambda: list(stage.record().now.sent) == [TEXT, TEXT], "the page shows both")
        keep(stage.page, f"opencode-{version}-3-doubled")


@pytest.mark.soak
def test_its_page_breaks_these_rules_of_the_contract_and_keeps_those(
    version: str, subject: Subject, browser: Browser
) -> None:
    ids = [*sorted(BROKEN[version]), *sorted(KEPT)]
    premises = rehearse(subject, browser)
    results = {rule.id: play(rule, subject, browser, premises=premises) for rule in chosen(ids)}
    failed = {name for name, one in results.items() if one.result == "fail"}
    assert failed == BROKEN[version], [one.detail for one in results.values()]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{session}", "{sesion}", "page: has {sesion}, but create.take has no 'sesion'; add it"),
        (
            'directory = "directory"',
            'directory = "directory..x"',
            "create.take.directory: 'directory..x' is no path",
        ),
    ],
)
def test_a_page_that_needs_what_is_not_taken_is_told(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    text = ADAPTER.read_text()
    assert old in text
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(text.replace(old, new, 1))
    with pytest.raises(BadInput) as caught:
        load_adapter(wrong)
    assert f"{wrong}: {message}" in str(caught.value)


def answers(stage: PageUnderTest) -> list[str]:
    """What the server has answered."""
    return [said.text for said in stage.server_has() if not said.mine]


def keep(page: Page, name: str) -> None:
    """A picture, when somebody wants them."""
    folder = os.environ.get("FIRSTBYTE_PICTURES")
    if folder:
        page.set_viewport_size({"width": 900, "height": 600})
        page.screenshot(path=Path(folder, f"{name}.png"), animations="disabled")
