"""Acts 1 to 3 as a user sees them: a real page in Chromium, a real edge in held mode, the reference server.

The deadline fires when the test says so, never by the clock: `POST /next` lets the edge expire a request as
soon as it has gone to the origin.
"""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.real, pytest.mark.slow]

NEVER = "1h"
"""How long the model thinks: the handler that waits for it has not answered when the test is over."""


class Stand(msgspec.Struct, frozen=True, kw_only=True):
    """The page behind the edge, the control of the edge, the origin itself."""

    page: str
    control: str
    token: str
    origin: str

    def expire_next_prompt(self) -> None:
        """The edge answers the next prompt itself."""
        order = json.dumps({"count": 1, "action": "expire", "path": "*/prompt_async"}).encode()
        headers = {"Authorization": f"Bearer {self.token}"}
        with urllib.request.urlopen(urllib.request.Request(f"{self.control}/next", order, headers)) as reply:
            assert reply.status == 200

    def truth(self) -> dict[str, int]:
        """The durable user messages for each text, as the origin says."""
        with urllib.request.urlopen(f"{self.origin}/_firstbyte/ledger") as reply:
            effects: dict[str, int] = json.load(reply)["effects"]
        return effects


@contextmanager
def started(*command: str, token: str = "") -> Iterator[dict[str, str]]:
    """A firstbyte command under way; gives its ready line."""
    environment = {"FIRSTBYTE_TOKEN": token, "PATH": ""} if token else None
    with subprocess.Popen(
        [sys.executable, "-m", "firstbyte.harness.cli", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    ) as process:
        assert process.stdout is not None
        try:
            ready: dict[str, str] = json.loads(process.stdout.readline())
            yield ready
        finally:
            process.terminate()


@contextmanager
def stand(handler: str, data: Path) -> Iterator[Stand]:
    """Server, edge, page."""
    token = "a-token-for-this-test"
    server = ("serve", "--listen", "127.0.0.1:0", "--handler", handler, "--model-delay", NEVER)
    with ExitStack() as stack:
        origin = stack.enter_context(started(*server, "--data", str(data)))["ready"]
        edge = (
            "edge",
            "--upstream",
            origin,
            "--profile",
            "cloudflare-100",
            "--listen",
            "127.0.0.1:0",
            "--hold",
        )
        ready = stack.enter_context(started(*edge, "--quiet", "--ready-json", token=token))
        page = f"{ready['ready']}/ui/naive/"
        yield Stand(page=page, control=ready["control"], token=token, origin=origin)


def open_page(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.locator("body[data-ready]")).to_be_attached()


def send(page: Page, text: str) -> None:
    page.get_by_test_id("composer").fill(text)
    page.get_by_test_id("composer").press("Enter")


def user_messages(page: Page) -> list[str]:
    return page.locator("[data-testid=message][data-role=user] .text").all_inner_texts()


def test_acts_1_and_2_told_failed_text_restored_message_stored_and_the_second_enter_doubles_it(
    page: Page, tmp_path: Path
) -> None:
    with stand("stream-withheld", tmp_path) as here:
        open_page(page, here.page)
        here.expire_next_prompt()
        send(page, "hello")
        expect(page.get_by_role("alert")).to_have_text("Failed to send prompt: Request failed")
        expect(page.get_by_test_id("composer")).to_have_value("hello")
        assert here.truth() == {"hello": 1}

        here.expire_next_prompt()
        with page.expect_response("**/prompt_async") as answer:
            page.get_by_test_id("composer").press("Enter")
        assert answer.value.status == 524
        expect(page.get_by_test_id("composer")).to_have_value("hello")
        assert here.truth() == {"hello": 2}

        open_page(page, page.url)
        assert user_messages(page) == ["hello", "hello"]


def test_act_3_the_fix_answers_before_any_deadline_and_the_message_stays(page: Page, tmp_path: Path) -> None:
    with stand("no-content", tmp_path) as here:
        open_page(page, here.page)
        with page.expect_response("**/prompt_async") as answer:
            send(page, "hello")
        assert answer.value.status == 204
        expect(page.get_by_test_id("composer")).to_have_value("")
        expect(page.get_by_role("alert")).to_have_count(0)
        assert user_messages(page) == ["hello"]
        assert here.truth() == {"hello": 1}
