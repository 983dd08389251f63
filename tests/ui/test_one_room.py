"""Each rule counts from what was there when it began: on a page with one room too, whoever used it before."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from firstbyte.harness.sendstate.adapter import load_adapter
from firstbyte.harness.sendstate.outcome import Result
from firstbyte.harness.sendstate.play import Subject, chosen, play, staged
from firstbyte.proxies.program.arguments import read_upstream
from tests.ui.conftest import SHORT
from tests.ui.one_room import ADAPTER, one_room

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Subject]:
    """A page with one room in which five messages are already."""
    adapter = tmp_path / "room.toml"
    adapter.write_text(ADAPTER)
    with one_room(earlier=5) as url:
        upstream = read_upstream(url, verify=True)
        yield Subject(adapter=load_adapter(adapter), upstream=upstream, patience=SHORT)


def test_two_enters_made_one_message_whoever_was_here_before(room: Subject, browser: Browser) -> None:
    (rule,) = chosen(["double-enter-sends-once"])
    results = [play(rule, room, browser) for _ in range(2)]
    assert [(one.result, one.detail) for one in results] == [(Result.PASS, ""), (Result.PASS, "")]


def test_what_a_rule_says_counts_its_own_messages_only(room: Subject, browser: Browser) -> None:
    """The page puts the text back on any error, and a second Enter makes a second message."""
    (rule,) = chosen(["retry-reuses-id"])
    for _ in range(2):
        result = play(rule, room, browser)
        expected = "after sending again the server has 'only one of me', 'only one of me'"
        assert (result.result, result.detail) == (Result.FAIL, expected)


def test_page_and_server_are_compared_from_where_the_rule_began(room: Subject, browser: Browser) -> None:
    (rule,) = chosen(["transcript-equals-ledger"])
    play(rule, room, browser)
    result = play(rule, room, browser)
    assert (result.result, result.detail) == (Result.PASS, "")


def test_a_test_of_ones_own_counts_from_opening_the_page(room: Subject, browser: Browser) -> None:
    with staged(room, browser) as stage:
        stage.open()
        assert stage.server_has() == []
        stage.given_up("just once")
        assert stage.sent() == ["just once"]
        assert stage.claims_failure() == "Could not send: 524"
