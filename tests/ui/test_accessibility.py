"""Both pages can be used with a keyboard and a screen reader.

axe finds nothing, in light and dark, at rest and with a message that is not confirmed.
"""

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped] # it has no types
from playwright.sync_api import Browser

from firstbyte.harness.sendstate.play import Subject, staged
from firstbyte.harness.sendstate.stage import Stage

pytestmark = [pytest.mark.real, pytest.mark.slow]


def violations(stage: Stage) -> list[str]:
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
        stage.open()
        stage.lost("by keyboard")
        stage.settle((1, 1))
        button = stage.page.get_by_role("button", name="Send again")
        stage.page.get_by_label("Message").press("Shift+Tab")
        assert button.evaluate("element => element === document.activeElement")
        stage.page.keyboard.press("Enter")
        stage.until_server_has("by keyboard")
        assert stage.sent() == ["by keyboard"]
