"""The picture of a probe: what is drawn, and that nothing is wider than its terminal."""

import msgspec
import pytest

from firstbyte.harness.files.loader import load_shape, shape_names
from firstbyte.harness.model.recording import Setup
from firstbyte.harness.model.units import Duration
from firstbyte.harness.probe.examine import Examined, examine
from firstbyte.harness.probe.picture import lines_of
from firstbyte.harness.report.paint import Palette, cells, paint
from tests.harness.predict.lab import recorded

EDGES = ("nginx", "heroku", "cloudflare")
TOLD = (
    "DNS 1ms",
    "connect 2ms",
    "TLS 3ms",
    "request sent",
    "first byte",
    "header line 1",
    "header complete 120.0s",
    "first body byte 120.0s",
    "longest gap 120.0s",
    "end 120.0s (complete, 8 bytes)",
)
SETUP = Setup(dns=1_000, connect=2_000, tls=3_000)


def examined(name: str) -> Examined:
    recording = msgspec.structs.replace(recorded(load_shape(name)), setup=SETUP)
    return examine("https://host/a/very/long/path" + "/x" * 60, recording, EDGES)


def text_of(name: str, width: int = 100) -> str:
    return paint(lines_of(examined(name), width), Palette.PLAIN)


@pytest.mark.parametrize("name", shape_names())
def test_no_line_is_wider_than_its_terminal(name: str) -> None:
    one = examined(name)
    for width in (60, 80, 200):
        assert max(cells(line) for line in lines_of(one, width)) <= width


def test_everything_that_was_timed_is_told() -> None:
    text = " ".join(text_of("partial-header-200").split())
    for words in TOLD:
        assert words in text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("partial-header-204", ("half a header", "204")),
        ("interim-103-repeated", ("103 x5", "200")),
        ("sse-with-comments", ("200", "•", "━", "end")),
        ("silent", ("no status, still open",)),
        ("reset-after-header", ("200", "reset")),
        ("short-content-length", ("broken off",)),
        ("slow-upload", ("sent",)),
    ],
)
def test_what_came_is_drawn(name: str, words: tuple[str, ...]) -> None:
    drawn = "\n".join(text_of(name).splitlines()[2:5])
    assert all(word in drawn for word in words), drawn


def test_the_edges_stand_worst_first_with_status_second_and_limit() -> None:
    rows = [line.split() for line in text_of("silent-then-json").splitlines() if line.startswith(EDGES)]
    assert [row[0] for row in rows] == ["heroku", "nginx", "cloudflare"]
    assert rows[0][1:5] == ["cut", "503", "after", "30.0s,"]
    assert " ".join(rows[1][1:]) == "cut 504 after 60.0s, proxy-read-header 60s"
    assert " ".join(rows[2][1:]) == "passes 5.0s left"


def test_a_recording_of_nothing_can_be_drawn() -> None:
    nothing = msgspec.structs.replace(recorded(load_shape("reset-before-header")), sent_at=Duration(0))
    assert "no status" in paint(lines_of(examine("http://h/", nothing, EDGES), 80), Palette.ASCII)
