"""The `send_page` fixture in a suite of a user's: rules as tests, verbs for tests of his own."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from firstbyte.harness.plugin.send_page import SendPageFactory
from firstbyte.harness.problems import BadInput
from tests.ui.conftest import PAGES

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.mark.parametrize("rule", ["double-enter-sends-once", "retry-reuses-id"])
def test_a_rule_is_one_call(
    rule: str, page: Page, send_page: SendPageFactory, origin: str, root: Path
) -> None:
    del page  # what this one must run after: see tests/conftest.py
    send_page(origin, root / PAGES / "robust.toml").check(rule)


def test_a_broken_rule_fails_with_claim_reason_and_timeline(
    page: Page, send_page: SendPageFactory, origin: str, root: Path, output_path: str
) -> None:
    del page
    with pytest.raises(pytest.fail.Exception) as failed:
        send_page(origin, root / PAGES / "naive.toml").check("retry-reuses-id")
    told = str(failed.value)
    assert told.startswith("retry-reuses-id: Sending the same message again must not make a second one.")
    assert "after sending again the server has 'only one of me', 'only one of me'" in told
    assert "timer-fired" in told
    assert Path(output_path, "page.png").read_bytes().startswith(b"\x89PNG")
    assert "timer-fired" in Path(output_path, "timeline.txt").read_text()


def test_a_test_of_ones_own_says_what_happens_to_the_page(
    page: Page, send_page: SendPageFactory, origin: str, root: Path
) -> None:
    chat = send_page(origin, root / PAGES / "naive.toml", profile="nginx")
    chat.open()
    chat.given_up("is anybody there")
    assert chat.claims_failure().startswith("Failed to send prompt")
    assert chat.sent() == ["is anybody there"]
    assert page.get_by_test_id("composer").input_value() == "is anybody there"


def test_what_is_wrong_is_told_with_the_nearest_right(
    page: Page, send_page: SendPageFactory, origin: str, root: Path
) -> None:
    del page
    with pytest.raises(BadInput, match="no rule 'retry-reuse-id'; did you mean 'retry-reuses-id'"):
        send_page(origin, root / PAGES / "robust.toml").check("retry-reuse-id")
    with pytest.raises(BadInput, match="can't be read"):
        send_page(origin, "nowhere.toml")
