"""What `firstbyte sendstate` keeps of a page holds no secret: timeline, JSON, page of results, trace."""

import json
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from firstbyte.harness import redact
from firstbyte.harness.sendstate.trace import redact_trace
from tests.security.planted import BODY, CONFIGURED, QUERY, SENT, everything, leaks, planted_server
from tests.ui.conftest import PAGES, origin
from tests.ui.test_sendstate_command import sendstate

__all__ = ["origin"]
pytestmark = [pytest.mark.real, pytest.mark.slow]
SEND = "async ([query, body]) => (await fetch(`/x?${query}`, {method: 'POST', body})).text()"


def test_a_trace_keeps_its_members_and_loses_its_secrets(browser: Browser, tmp_path: Path) -> None:
    trace = tmp_path / "trace.zip"
    redact.also(CONFIGURED)
    headers = {name: value for name, value in SENT.items() if not name.startswith(("Cookie", "Proxy"))}
    with planted_server() as address:
        context = browser.new_context(extra_http_headers=headers)
        context.tracing.start(snapshots=True)
        context.add_cookies([{"name": "sid", "value": "PLANTED-0003", "url": f"http://{address}/"}])
        page = context.new_page()
        page.goto(f"http://{address}/x?{QUERY}")
        said = page.evaluate(SEND, [QUERY, BODY.decode()])
        page.evaluate("said => { document.body.append(said); console.log(said); }", said)
        page.screenshot()
        context.tracing.stop(path=trace)
        context.close()
    before = dict(everything(tmp_path))
    assert len({leak.partition(": ")[2] for leak in leaks(tmp_path)}) > 15  # it is full of them
    redact_trace(trace)
    redact.also("")
    assert leaks(tmp_path) == []
    after = dict(everything(tmp_path))
    assert list(after) == list(before)
    for name, content in after.items():
        if name.endswith((".trace", ".network")):
            assert [json.loads(line)["type"] for line in content.splitlines()] == [
                json.loads(line)["type"] for line in before[name].splitlines()
            ]


def test_a_broken_rule_leaves_no_secret_of_the_page(
    origin: str, root: Path, chromium: Path, tmp_path: Path
) -> None:
    adapter = (root / PAGES / "naive.toml").read_text()
    assert 'page = "/ui/naive/"' in adapter
    adapter = adapter.replace('page = "/ui/naive/"', f'page = "/ui/naive/?{QUERY}"')
    adapter += '\n[truth.headers]\nAuthorization = "Bearer PLANTED-bearer-0071"\nX-Tenant = "PLANTED-0072"\n'
    (tmp_path / "page.toml").write_text(adapter)
    cookie = {"name": "sid", "value": "PLANTED-0073", "domain": "127.0.0.1", "path": "/", "expires": -1}
    state = {"cookies": [{**cookie, "httpOnly": True, "secure": False, "sameSite": "Lax"}], "origins": []}
    (tmp_path / "state.json").write_text(json.dumps(state))
    out = tmp_path / "out"
    done = sendstate(
        *(origin, "--adapter", tmp_path / "page.toml", "--rule", "retry-reuses-id"),
        *("--artefacts", out, "--json", out / "json", "--html", out / "html"),
        *("--storage-state", tmp_path / "state.json"),
        chromium=str(chromium),
    )
    assert done.returncode == 1, done.stderr
    assert leaks(out, done.stdout, done.stderr) == []
    with zipfile.ZipFile(out / "retry-reuses-id" / "trace.zip") as trace:
        assert redact.MASK.encode() in trace.read("trace.network")
