"""What a place can show is found out once, and text is cut and folded to fit it."""

import io
from typing import override

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from firstbyte.harness.report.paint import Palette, Piece, Tone, cells, cropped, line, paint
from firstbyte.harness.report.plain import crop_middle, fit, fold, visible
from firstbyte.harness.report.progress import Progress
from firstbyte.harness.report.terminal import Terminal, terminal_of


class Screen(io.StringIO):
    """A terminal in memory."""

    @override
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "palette"),
    [
        (Screen(), {"TERM": "xterm"}, Palette.COLOUR),
        (Screen(), {"NO_COLOR": "1"}, Palette.PLAIN),
        (Screen(), {"NO_COLOR": ""}, Palette.COLOUR),
        (Screen(), {"NO_COLOR": "1", "FORCE_COLOR": "1"}, Palette.PLAIN),
        (Screen(), {"TERM": "dumb"}, Palette.PLAIN),
        (io.StringIO(), {}, Palette.PLAIN),
        (io.StringIO(), {"FORCE_COLOR": "1"}, Palette.COLOUR),
        (io.TextIOWrapper(io.BytesIO(), encoding="ascii"), {}, Palette.ASCII),
        (io.TextIOWrapper(io.BytesIO(), encoding="latin-1"), {"FORCE_COLOR": "1"}, Palette.ASCII),
    ],
)
def test_colour_is_for_terminals_that_want_it(
    stream: io.StringIO, environment: dict[str, str], palette: Palette
) -> None:
    assert terminal_of(stream, environment).palette is palette


@pytest.mark.parametrize(
    ("columns", "width"),
    [("", 80), ("100", 100), ("20", 60), ("9999", 200), ("wide", 80), ("0", 80), ("²", 80)],
)
def test_the_width_is_what_is_asked_for_within_bounds(columns: str, width: int) -> None:
    assert terminal_of(io.StringIO(), {"COLUMNS": columns}).width == width


def test_a_terminal_shows_lines() -> None:
    stream = io.StringIO()
    Terminal(stream=stream).show([line("a", Piece("b", Tone.BAD)), ()])
    assert stream.getvalue() == "ab\n\n"


@given(text=st.text(), room=st.integers(1, 40))
def test_cut_text_has_the_width_asked_for_and_nothing_hidden(text: str, room: int) -> None:
    shown = visible(text)
    assert all(one.isprintable() for one in shown)
    assert cell_len(fit(shown, room)) == room
    assert cell_len(crop_middle(shown, room)) <= room
    assert cells(cropped(line("a", shown, "b"), room)) <= room


@given(text=st.text(), room=st.integers(4, 40))
def test_folding_loses_nothing_but_white_space(text: str, room: int) -> None:
    lines = fold(visible(text), room, indent="  ")
    assert max(cell_len(one) for one in lines) <= room
    assert "".join("".join(lines).split()) == "".join(visible(text).split())


def test_control_characters_are_shown_as_escapes() -> None:
    assert visible("a\x1b[2J\x07\u202e\U000e0001\ud800\tb\n") == "a\\x1b[2J\\x07\\u202e\\U000e0001\\ud800 b "


def test_a_name_is_cut_in_the_middle() -> None:
    assert crop_middle("act-6b[cloudflare-100]", 14) == "act-6b[…e-100]"
    assert crop_middle("abcdefgh", 3) == "ab…"


def test_plain_output_has_no_trailing_blanks() -> None:
    assert paint([line("a   ")], Palette.PLAIN) == "a\n"


class Ticks:
    """A clock that is told the time."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


def test_progress_is_silent_for_two_seconds_then_says_how_long_it_will_take() -> None:
    stream, now = Screen(), Ticks()
    with Progress(100, Terminal(stream=stream, width=70), now) as progress:
        for done in range(1, 21):
            now.time = done * 0.125
            progress.advance(f"scenario-{done}[nginx]\x1b")
            if now.time < 2:
                assert stream.getvalue() == ""
        assert "20/100, about 10s left  scenario-20[nginx]\\x1b" in stream.getvalue()
    assert stream.getvalue().endswith("\r\x1b[K")
    assert all(cell_len(one) < 70 for one in stream.getvalue().split("\r\x1b[K"))


def test_progress_is_not_written_more_than_ten_times_a_second() -> None:
    stream, now = Screen(), Ticks()
    progress = Progress(10_000, Terminal(stream=stream, palette=Palette.ASCII), now)
    for done in range(1, 3_001):
        now.time = done / 1_000
        progress.advance()
    assert stream.getvalue().count("\r") <= 11
    assert stream.getvalue().isascii()
    progress.hide()
    progress.hide()
    assert repr(progress) == "<Progress 3000 of 10000>"


def test_progress_is_not_written_where_nobody_looks() -> None:
    stream, now = io.StringIO(), Ticks()
    with Progress(2, Terminal(stream=stream), now) as progress:
        now.time = 500
        progress.advance("a")
    assert stream.getvalue() == ""


def test_a_long_wait_is_told_in_minutes() -> None:
    stream, now = Screen(), Ticks()
    progress = Progress(100, Terminal(stream=stream), now)
    now.time = 60
    progress.advance()
    assert "1/100, about 99min left" in stream.getvalue()
