"""A soak plays what there is time for, says what it has not played, and keeps each failure's seed."""

import io
from collections.abc import Callable

import pytest

from firstbyte.harness.report.terminal import terminal_of
from tests.soak.outcome import document, exit_code, table
from tests.soak.part import Failure, Part, Round
from tests.soak.playing import Soak
from tests.soak.status import Status

TEN = Round(cases=10)


class Watch:
    """A clock that rounds move on."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def takes(self, seconds: float, played: Round = TEN) -> Callable[[int], Round]:
        """What plays a round in that time."""

        def play(_seed: int) -> Round:
            self.seconds += seconds
            return played

        return play


def part(name: str, play: Callable[[int], Round], *, whole: int = 2, about: float = 10) -> Part:
    return Part(name=name, unit="runs", whole=whole, about=about, play=play)


def soak_of(watch: Watch, *parts: Part, limit: float | None = None) -> Soak:
    soak = Soak(parts, seed=7, limit=limit, now=watch.now)
    soak.play()
    return soak


def rounds(soak: Soak) -> dict[str, int]:
    return {one.part.name: one.rounds for one in soak.tallies}


def test_without_a_time_all_of_each_part_is_played_once() -> None:
    watch = Watch()
    soak = soak_of(watch, part("one", watch.takes(10)), part("two", watch.takes(5), whole=3))
    assert (rounds(soak), soak.elapsed) == ({"one": 2, "two": 3}, 35)
    assert "not " not in "\n".join(table(soak))
    assert exit_code(soak) == 0


def test_a_failure_is_told_when_it_is_there_and_once() -> None:
    watch, said = Watch(), io.StringIO()
    wrong = Round(cases=1, failures=(Failure(what="it broke", seed=7, replay="make it"),))
    status = Status(terminal_of(said, {}))
    soak = Soak([part("one", watch.takes(90, wrong))], seed=7, limit=None, now=watch.now, before=status.say)
    soak.play()
    lines = said.getvalue().splitlines()
    assert lines[1:3] == ["failure in one, seed 7: it broke", "  again: make it"]
    assert [line.partition(";")[0] for line in (lines[0], lines[3])] == [
        "soak: one, round 1 of 2, seed 7",
        "soak: one, round 2 of 2, seed 8",
    ]


def test_a_time_is_shared_by_how_much_of_each_part_has_been_played_and_never_exceeded() -> None:
    watch = Watch()
    long, short = part("long", watch.takes(30)), part("short", watch.takes(1), whole=20)
    soak = soak_of(watch, long, short, limit=95)
    assert rounds(soak) == {"long": 2, "short": 35}
    assert soak.elapsed == 95


def test_what_there_was_no_time_for_is_said() -> None:
    watch = Watch()
    soak = soak_of(
        watch, part("one", watch.takes(40), about=40), part("two", watch.takes(9), about=90), limit=65
    )
    assert rounds(soak) == {"one": 1, "two": 0}
    said = "\n".join(table(soak))
    assert "not to its end: one, 1 of 2 rounds" in said
    assert "not reached: two" in said
    assert "not used: 25s of 65s; no round fits in" in said


def test_a_failure_keeps_its_seed_and_the_line_that_plays_it_again() -> None:
    watch = Watch()
    wrong = Failure(what="act-1: fail", seed=8, replay="make soak PARTS=one ARGS='--seed 8 --rounds 1'")
    soak = soak_of(watch, part("one", watch.takes(1, Round(cases=3, failures=(wrong,)))))
    assert exit_code(soak) == 1
    said = "\n".join(table(soak))
    assert "failure in one, seed 8: act-1: fail" in said
    assert f"again: {wrong.replay}" in said
    (record,) = document(soak, "0")["parts"]
    assert (record["cases"], record["failures"][0]["replay"]) == (6, wrong.replay)


def test_what_breaks_a_round_is_a_failure_and_the_rest_is_played() -> None:
    def breaks(seed: int) -> Round:
        raise OSError(f"no file descriptors at {seed}")

    soak = soak_of(Watch(), part("one", breaks), part("two", Watch().takes(1)))
    assert rounds(soak) == {"one": 2, "two": 2}
    assert [one.seed for one in soak.tallies[0].failures] == [7, 8]
    assert "OSError: no file descriptors at 8" in "\n".join(table(soak))


def test_ctrl_c_ends_it_with_what_there_is_so_far() -> None:
    watch = Watch()

    def interrupted(_seed: int) -> Round:
        raise KeyboardInterrupt

    soak = soak_of(
        watch, part("one", watch.takes(1)), part("two", interrupted), part("three", watch.takes(1))
    )
    assert rounds(soak) == {"one": 2, "two": 0, "three": 0}
    assert exit_code(soak) == 130
    assert "interrupted" in "\n".join(table(soak))


def test_what_was_held_up_or_skipped_is_counted_beside_what_failed() -> None:
    watch = Watch()
    soak = soak_of(watch, part("one", watch.takes(1, Round(cases=9, held_up=2, skipped=("no jq",)))))
    said = "\n".join(table(soak))
    assert "held up by this machine in one: 4 cases, which prove nothing" in said
    assert "skipped in one, 2 times: no jq" in said
    assert exit_code(soak) == 0


@pytest.mark.parametrize("cases", [1, 999_999_999])
def test_the_table_fits_80_columns(cases: int) -> None:
    watch = Watch()
    played = Round(cases=cases, held_up=99_999, skipped=("no jq",) * 9_999)
    soak = soak_of(watch, part("prediction", watch.takes(9_999_999, played), whole=1))
    rows = list(table(soak))[:3]
    assert max(len(row) for row in rows) <= 80
    assert len({len(row) for row in rows[:2]}) == 1
    assert rows[1].split() == ["prediction", "1/1", str(cases), "runs", "99999", "9999", "0", "9999999"]
