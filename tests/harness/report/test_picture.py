"""The picture of a run: what it shows, that it always fits, that nothing hostile gets through."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from firstbyte.harness.model.result import Run
from firstbyte.harness.model.timeline import Actor, Event, Kind
from firstbyte.harness.model.units import seconds
from firstbyte.harness.model.verdict import End
from firstbyte.harness.report.paint import Palette, paint
from firstbyte.harness.report.picture import picture, render
from tests.harness.report import samples

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize(
    ("make", "width"),
    [
        (samples.withheld, 80),
        (samples.withheld, 60),
        (samples.withheld, 120),
        (samples.sent_again, 80),
        (samples.fixed, 80),
        (samples.lost, 80),
        (samples.stream_cut, 80),
        (samples.not_started, 60),
    ],
)
def test_a_picture_looks_as_it_did(make: Callable[[], Run], width: int) -> None:
    golden = (GOLDEN / f"{make.__name__}.{width}.txt").read_text(encoding="utf-8")
    assert render(make(), width, colour=False) == golden


def lane(text: str, name: str) -> str:
    return next(one for one in text.splitlines() if one.startswith(name))


def test_the_clients_line_ends_at_the_deadline_and_the_origins_goes_on() -> None:
    text = render(samples.withheld(), 80, colour=False)
    wall = lane(text, "client").index("┊")
    assert lane(text, "client")[wall - 1] == "─"
    assert "─" not in lane(text, "client")[wall:]
    assert lane(text, "origin")[wall - 1 : wall + 2] == "═╪═"
    assert lane(text, "model")[wall - 1 : wall + 2] == "═╪═"
    assert lane(text, "         ").index("▼100s") == wall


def test_each_request_of_several_has_its_number_and_its_answer() -> None:
    client = lane(render(samples.sent_again(), 80, colour=False), "client")
    assert client.index("#1 POST") < client.index("524") < client.index("#2 POST") < client.rindex("524")


def test_overlapping_requests_get_lanes_of_their_own() -> None:
    first = samples.exchange(status=200, header=10, end=10)
    second = samples.exchange(id_=2, sent=1, status=200, header=9, end=9)
    run = samples.run(exchanges=(first, second), held=samples.ledger())
    text = render(run, 80, colour=False)
    assert "#1" in lane(text, "client")
    assert any("#2 POST" in one for one in text.splitlines() if one.startswith("  "))


def test_every_edge_of_a_chain_has_its_lane() -> None:
    run = samples.run(
        samples.edge(0, Kind.TIMER_ARMED, hop=0, timer="outer", limit_us=seconds(100)),
        samples.edge(0, Kind.TIMER_ARMED, hop=1, timer="inner", limit_us=seconds(60)),
        samples.edge(60, Kind.TIMER_FIRED, hop=1, timer="inner", limit_us=seconds(60)),
        exchanges=(samples.exchange(status=504, header=60, end=60),),
        held=samples.ledger(),
    )
    text = render(run, 80, colour=False)
    assert "outer 100s" in lane(text, "edge 1")
    assert "FIRED" in lane(text, "edge 2")
    assert "FIRED" not in lane(text, "edge 1")


def test_the_timer_that_fired_is_shown_before_one_that_only_ran_longer() -> None:
    run = samples.run(
        samples.edge(0, Kind.TIMER_ARMED, hop=0, timer="total", limit_us=seconds(900)),
        samples.edge(5, Kind.TIMER_ARMED, hop=0, timer="gap", limit_us=seconds(10)),
        samples.edge(15, Kind.TIMER_FIRED, hop=0, timer="gap", limit_us=seconds(10)),
        exchanges=(samples.exchange(status=504, header=15, end=15),),
        held=samples.ledger(),
    )
    assert "gap 10s" in render(run, 80, colour=False)
    assert "total" not in render(run, 80, colour=False)


def test_interim_answers_are_counted() -> None:
    interims = (samples.client(at, Kind.INTERIM, status=102) for at in (1, 2, 3))
    one = samples.exchange(status=200, header=9, end=9)
    run = samples.run(*interims, exchanges=(one,), held=samples.ledger())
    assert "102 x3" in lane(render(run, 80, colour=False), "client")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"connected": False, "status": None, "end": End.OPEN}, "no connection"),
        ({"status": None, "header_at": None, "end": End.RESET}, "reset"),
        ({"status": None, "header_at": None, "end": End.OPEN, "end_at": None}, "left"),
        ({"status": None, "header_at": None}, "no status"),
    ],
)
def test_an_exchange_without_an_answer_says_how_it_ended(changes: dict[str, object], word: str) -> None:
    one = msgspec.structs.replace(samples.exchange(end=5), **changes)
    run = samples.run(samples.client(5, Kind.LEFT), exchanges=(one,), held=samples.ledger())
    assert word in lane(render(run, 80, colour=False), "client")


def test_without_colour_there_is_no_escape_sequence() -> None:
    assert "\x1b" not in "".join(render(make(), 80, colour=False) for make in samples.ALL)


@pytest.mark.parametrize("make", samples.ALL)
def test_colour_changes_nothing_but_the_colour(make: Callable[[], Run]) -> None:
    coloured = Text.from_ansi(render(make(), 80, colour=True)).plain
    bare = [one.rstrip() for one in coloured.splitlines()]
    assert bare == render(make(), 80, colour=False).splitlines()


@pytest.mark.parametrize("make", samples.ALL)
def test_in_ascii_every_character_is_ascii_and_stands_where_it_stood(make: Callable[[], Run]) -> None:
    plain = paint(picture(make(), 80), Palette.PLAIN)
    ascii_only = paint(picture(make(), 80), Palette.ASCII)
    assert ascii_only.isascii()
    assert [len(one) for one in ascii_only.splitlines()] == [cell_len(one) for one in plain.splitlines()]


HOSTILE = st.text(max_size=40) | st.sampled_from(
    ["\x1b[2J\x1b]0;title\x07", "[red]x[/red]", "a\u202eb", "你好" * 9, "\ud800", "\r\n"]
)
EVENTS = st.lists(
    st.builds(
        Event,
        at=st.integers(0, 400_000_000),
        actor=st.sampled_from(Actor),
        kind=st.sampled_from(Kind),
        request=st.integers(0, 3),
        data=st.fixed_dictionaries(
            {"timer": HOSTILE, "limit_us": st.integers(0, 10**9), "what": HOSTILE, "status": HOSTILE}
        ),
    ),
    max_size=30,
)


@given(
    events=EVENTS,
    sent=st.floats(0, 200),
    took=st.floats(0, 200),
    path=HOSTILE,
    width=st.integers(60, 200),
    palette=st.sampled_from(Palette),
)
def test_no_line_is_ever_wider_than_the_terminal_nor_holds_a_control_character(
    events: list[Event], sent: float, took: float, path: str, width: int, palette: Palette
) -> None:
    one = samples.exchange(sent=sent, header=sent, end=sent + took, path=path)
    other = samples.exchange(id_=2, sent=sent / 2, end=sent / 2 + took, header=None, status=None)
    run = samples.run(*events, exchanges=(other, one), held=samples.ledger())
    text = (
        Text.from_ansi(paint(picture(run, width), palette)).plain
        if palette is Palette.COLOUR
        else paint(picture(run, width), palette)
    )
    lines = text.split("\n")
    assert max(cell_len(line) for line in lines) <= width
    assert all(character.isprintable() for line in lines for character in line)
