"""Both pages can be used with a keyboard and a screen reader.

axe finds nothing, in light and dark, at rest and with a message that is not confirmed.
"""

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped] # it has no types
from playwright.sync_api import Browser, expect

from firstbyte.harness.sendstate.page_under_test import PageUnderTest
from firstbyte.harness.sendstate.play import Subject, staged

pytestmark = [pytest.mark.real, pytest.mark.slow]


def violations(stage: PageUnderTest) -> list[str]:
    """What axe finds, with the element."""
    found = Axe().run(stage.page).response["violations"]
    return [f"{one['id']}: {node['html']}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_robust_page(
    robust: Subject, browser: Browser, scheme: Literal["light", "dark"]
) -> None:
    with staged(robust, browser) as stage:
        stage.page.emulate_media(color_scheme=scheme)
        stage.open()
        assert violations(stage) == []
        stage.lost("is it there?")
        stage.settle((1, 1))
        stage.refused("no", "because")
        assert violations(stage) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_naive_page(
    naive: Subject, browser: Browser, scheme: Literal["light", "dark"]
) -> None:
    with staged(naive, browser) as stage:
        stage.page.emulate_media(color_scheme=scheme)
        stage.open()
        stage.lost("is it there?")
        assert violations(stage) == []


def test_sending_again_needs_no_mouse(robust: Subject, browser: Browser) -> None:
    with staged(robust, browser) as stage:
        composer = stage.page.get_by_label("Message")
        stage.open()
        stage.lost("by keyboard")
        stage.settle((1, 1))
        button = stage.page.get_by_role("button", name="Send again")
        expect(button).to_be_visible()
        composer.press("Shift+Tab")
        expect(button).to_be_focused()
        stage.page.keyboard.press("Enter")
        expect(button).to_be_hidden()
        expect(composer).to_be_focused()
        stage.until_server_has("by keyboard")
        assert stage.sent() == ["by keyboard"]


@pytest.mark.parametrize("page", ["naive", "robust"])
def test_who_speaks_is_there_to_be_read_out(
    page: str, naive: Subject, robust: Subject, browser: Browser
) -> None:
    with staged({"naive": naive, "robust": robust}[page], browser) as stage:
        stage.open()
        stage.send("who is there")
        stage.wait.until(lambda: bool(stage.record().now.answers), "there is an answer")
        items = stage.page.get_by_role("list", name="Conversation").get_by_role("listitem")
        expect(items.nth(0)).to_contain_text("You")
        expect(items.nth(1)).to_contain_text("Answer")


def test_axe_finds_nothing_beside_the_servers_truth(robust: Subject, browser: Browser) -> None:
    with staged(robust, browser) as stage:
        stage.open(f"{stage.edge.url}{robust.adapter.page}?truth")
        stage.send("and the server")
        panel = stage.page.get_by_role("complementary", name="What the server has")
        expect(panel.get_by_role("listitem")).to_have_count(0)
        stage.settle((1, 1))
        expect(panel.get_by_role("listitem")).to_contain_text("and the server")
        assert violations(stage) == []
