"""The file of `firstbyte edge --save-har` opens in the network panel of Chromium's own developer tools.

The panel is the browser's, its import button the one a user presses: what it shows is what a user reads.
"""

import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest
from playwright.sync_api import BrowserContext, BrowserType, Page, expect

from tests.hygiene.lab import Session, until

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.programs]

SCALE = "250"
LIMIT_MS = 100_000 / float(SCALE)


def post(url: str, body: str) -> tuple[int, str]:
    """Status and body of one JSON request, whatever its status."""
    request = urllib.request.Request(url, body.encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.status, reply.read().decode()
    except HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


@pytest.fixture
def har(tmp_path: Path) -> Path:
    """What an edge wrote of a session that was made, and of a message that was answered with its 524."""
    path = tmp_path / "edge.har"
    late = ("--handler", "stream-withheld", "--model-delay", "300s", "--time-scale", SCALE)
    with Session(tmp_path / "serve", "serve", "--listen", "127.0.0.1:0", *late) as server:
        upstream = f"http://127.0.0.1:{server.listening(1).pop()}"
        limit = ("--profile", "cloudflare-100", "--time-scale", SCALE)
        words = ("edge", "--upstream", upstream, "--listen", "127.0.0.1:0", *limit, "--save-har", str(path))
        with Session(tmp_path / "edge", *words) as edge:
            address = f"http://127.0.0.1:{edge.listening(1).pop()}"
            id_ = json.loads(post(f"{address}/session", "{}")[1])["id"]
            prompt = '{"parts": [{"type": "text", "text": "hello"}]}'
            assert post(f"{address}/session/{id_}/prompt_async", prompt)[0] == 524
            edge.ctrl_c()
            assert edge.end() == 0, edge.err
        server.ctrl_c()
    return path


@pytest.fixture
def context(
    browser_type: BrowserType, browser_type_launch_args: dict[str, object], tmp_path: Path
) -> Iterator[BrowserContext]:
    """A browser whose developer tools can be opened as a page, which their port allows."""
    arguments = [*browser_type_launch_args["args"], "--remote-debugging-port=0"]  # type: ignore[misc] # a list
    one = browser_type.launch_persistent_context(
        tmp_path / "profile",
        executable_path=browser_type_launch_args["executable_path"],  # type: ignore[arg-type] # a path
        args=arguments,
        viewport={"width": 1200, "height": 700},
    )
    yield one
    one.close()


@pytest.fixture
def panel(context: BrowserContext, tmp_path: Path) -> Page:
    """The network panel of an empty page."""
    looked_at = context.pages[0]
    target = context.new_cdp_session(looked_at).send("Target.getTargetInfo")["targetInfo"]["targetId"]
    written = tmp_path / "profile" / "DevToolsActivePort"
    port = until(lambda: written.exists() and written.read_text().splitlines()[0], "the tools' port")
    tools = f"127.0.0.1:{port}/devtools"
    page = context.new_page()
    page.goto(f"http://{tools}/inspector.html?ws={tools}/page/{target}&panel=network")
    return page


def test_the_network_panel_shows_what_the_edge_wrote(har: Path, panel: Page) -> None:
    with panel.expect_file_chooser() as asked:
        panel.get_by_role("button", name="Import HAR file").click()
    asked.value.set_files(har)
    made, sent = (panel.get_by_role("row").filter(has_text=name) for name in ("session", "prompt_async"))
    expect(made.get_by_role("cell").nth(1)).to_contain_text("200")
    expect(sent.get_by_role("cell").nth(1)).to_contain_text("524")
    took = re.search(r"(\d+)\s*ms$", sent.inner_text().strip())
    assert took is not None
    entry = json.loads(har.read_text(encoding="utf-8"))["log"]["entries"][1]
    assert int(took[1]) == pytest.approx(entry["time"], abs=1)
    assert LIMIT_MS <= int(took[1]) < 2 * LIMIT_MS
    sent.get_by_text("prompt_async").click()
    general, answer = (panel.get_by_role("group", name=name) for name in ("General", "Response headers"))
    for words in (entry["request"]["url"], "POST", "524"):
        expect(general).to_contain_text(words)
    expect(answer).to_contain_text("cf-ray")
