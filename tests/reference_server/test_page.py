"""The naive page does what the reported front end did, in a real browser."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture
def url() -> Iterator[str]:
    """The page of a server of its own."""
    command = [sys.executable, "-m", "firstbyte.reference_server", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield f"{json.loads(process.stdout.readline())['ready']}/ui/naive/"
        finally:
            process.terminate()


def cut(route: Route) -> None:
    """What an edge does: the origin gets the request, the page gets a 524."""
    route.fetch()
    route.fulfill(status=524, body="error code: 524")


def send(page: Page, text: str) -> None:
    page.get_by_test_id("composer").fill(text)
    page.get_by_test_id("composer").press("Enter")


def test_a_prompt_that_is_accepted_stays_and_is_answered(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.locator("body[data-ready]")).to_be_attached()
    send(page, "hello")
    expect(page.get_by_test_id("message").locator(".text")).to_have_text(
        ["hello", "Hello from the fake model."]
    )
    expect(page.get_by_test_id("composer")).to_have_value("")
    expect(page.get_by_test_id("toast")).to_have_count(0)


def test_after_a_524_the_text_is_back_and_sending_again_makes_a_second_message(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.locator("body[data-ready]")).to_be_attached()
    page.route("**/prompt_async", cut)
    send(page, "hello")
    expect(page.get_by_role("alert")).to_have_text("Failed to send prompt: Request failed")
    expect(page.get_by_test_id("composer")).to_have_value("hello")
    page.unroute("**/prompt_async")
    page.get_by_test_id("send").click()
    expect(page.get_by_test_id("composer")).to_have_value("")
    page.reload()
    expect(page.locator("[data-testid=message][data-role=user] .text")).to_have_text(["hello", "hello"])


def test_hostile_text_stays_text(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.locator("body[data-ready]")).to_be_attached()
    text = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    send(page, text)
    expect(page.get_by_test_id("message").first.locator(".text")).to_have_text(text)
    expect(page).not_to_have_title(re.compile("owned"))
    response = page.request.get(url)
    assert "script-src 'self'" in response.headers["content-security-policy"]


def test_the_page_serves_its_own_files_only(page: Page, url: str) -> None:
    for name in ("..%2f..%2fapp.py", "nope.js"):
        assert page.request.get(url + name).status == 404
