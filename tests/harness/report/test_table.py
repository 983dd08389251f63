"""The table and the story of the acts: complete, never too wide, safe."""

import io
import re

import msgspec
import pytest
from rich.cells import cell_len

from firstbyte.harness.model.result import Outcome, Run
from firstbyte.harness.report.paint import Palette
from firstbyte.harness.report.table import print_acts, print_runs
from firstbyte.harness.report.terminal import Terminal
from tests.harness.report import samples

RUNS = tuple(make() for make in samples.ALL)
HOSTILE = msgspec.structs.replace(
    samples.failed(),
    scenario="你好" * 30,
    title="[bold red]title[/bold red]\x1b[31m",
    claim="a\x07b " * 40,
    mismatches=("x" * 500, "authorization: Bearer abcdefghijklmnop", "\u202eevil"),
)


def shown(*runs: Run, width: int = 80, palette: Palette = Palette.PLAIN, acts: bool = False) -> str:
    stream = io.StringIO()
    (print_acts if acts else print_runs)(runs, Terminal(stream=stream, width=width, palette=palette))
    return stream.getvalue()


def test_a_row_has_name_status_time_verdict_and_effects() -> None:
    rows = shown(samples.withheld()).splitlines()
    assert rows[0].split() == ["scenario[edge]", "status", "at", "verdict", "effects"]
    assert rows[1].split() == ["pass", "act-1[cloudflare-100]", "524", "100.0s", "phantom-failure", "1"]


def test_a_failed_run_says_what_differs_and_a_broken_one_why() -> None:
    text = shown(samples.failed(), samples.not_started())
    assert "verdict: expected delivered, saw phantom-failure" in text
    assert "status: expected 204, saw 524" in text
    assert "exited with 1 before it listened" in text
    assert re.search(r"^setup +broken\S+ +- +- +- +-$", text, re.M)


def test_the_summary_counts_every_outcome() -> None:
    assert shown(*RUNS).splitlines()[-1] == "7 runs: 1 FAIL, 1 setup-error, 5 pass"
    assert shown(samples.withheld()).splitlines()[-1] == "1 run: 1 pass"
    assert shown().splitlines()[-1] == "no runs"


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_a_word(outcome: Outcome) -> None:
    run = msgspec.structs.replace(samples.not_started(), outcome=outcome)
    assert "1 run: 1 " in shown(run)


def test_an_act_says_what_was_expected_and_what_was_seen() -> None:
    text = shown(samples.failed(), acts=True)
    assert text.index("expected 204, delivered, 1 effect") < text.index(
        "seen     524 at 100.0s, phantom-failure"
    )
    assert text.index("seen") < text.index("client   POST") < text.index("why      header-withheld")


@pytest.mark.parametrize("width", [60, 61, 80, 100, 200])
@pytest.mark.parametrize("palette", [Palette.PLAIN, Palette.ASCII])
@pytest.mark.parametrize("acts", [True, False], ids=["acts", "table"])
def test_no_line_is_wider_than_the_terminal(width: int, palette: Palette, acts: bool) -> None:
    lines = shown(*RUNS, HOSTILE, width=width, palette=palette, acts=acts).split("\n")
    assert max(cell_len(line) for line in lines) <= width
    assert all(one.isprintable() for line in lines for one in line)


def test_markup_is_text_and_a_secret_is_hidden() -> None:
    text = shown(HOSTILE, acts=True, width=200)
    assert "[bold red]title[/bold red]\\x1b[31m" in text
    assert "abcdefghijklmnop" not in text


def test_colour_marks_the_verdict() -> None:
    assert "\x1b[1;31mphantom-failure" in shown(samples.withheld(), palette=Palette.COLOUR)
    assert "\x1b[32mdelivered" in shown(samples.fixed(), palette=Palette.COLOUR)
