"""A HAR that an edge wrote is one that Chromium can play back: statuses and bodies, without an edge."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page

from firstbyte.proxies.edge.record import Record
from firstbyte.proxies.program.har import HarWriter

pytestmark = [pytest.mark.real, pytest.mark.slow]


def record(path: str, status: int, body: bytes, content_type: bytes) -> Record:
    """An exchange as an edge writes it down."""
    return Record(
        hop=0, request=1, method="GET", path=path, host="127.0.0.1:9", client_version="HTTP/1.1",
        keeps_bodies=True, started=0, sent=1_000, header=5_000, ended=9_000, status=status, reason="",
        response_headers=((b"content-type", content_type),), response_size=len(body),
        response_body=bytearray(body),
    )  # fmt: skip


def test_chromium_plays_back_what_an_edge_wrote(page: Page, tmp_path: Path) -> None:
    har = HarWriter(datetime(2026, 11, 27, tzinfo=UTC), 0)
    har.add(record("/page", 200, b"<title>from the har</title>", b"text/html"))
    har.add(record("/slow", 524, b'{"error_code":524}', b"application/json"))
    har.add(record("/bytes", 200, b"\xff\x00\xfe", b"application/octet-stream"))
    har.write(tmp_path / "out.har")
    page.route_from_har(tmp_path / "out.har", not_found="abort")
    page.goto("http://127.0.0.1:9/page")
    assert page.title() == "from the har"
    seen = page.evaluate(
        "Promise.all(['/slow', '/bytes'].map(async path => { const answer = await fetch(path);"
        " return [answer.status, [...new Uint8Array(await answer.arrayBuffer())].length]; }))"
    )
    assert seen == [[524, 18], [200, 3]]
