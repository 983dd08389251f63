"""What was told, joined with what is there: every verdict, its rate, and what is not judged."""

import pytest

from benchmarks.load.intent import Attempt, Intent, packed, unpacked
from benchmarks.load.tally import tally
from firstbyte.harness.model.verdict import End, Verdict

OK = Attempt(status=204, end=End.COMPLETE, took=5)
CUT = Attempt(status=524, end=End.COMPLETE, took=100)
HALF = Attempt(status=200, end=End.TRUNCATED, took=50)
GONE = Attempt(status=None, end=End.RESET, took=1)


def intent(*attempts: Attempt, text: str = "tea", cut: bool = False) -> Intent:
    return Intent(text=text, session="s", attempts=attempts, cut=cut)


@pytest.mark.parametrize(
    ("attempts", "held", "verdict"),
    [
        ((OK,), 1, Verdict.DELIVERED),
        ((OK,), 0, Verdict.PHANTOM_SUCCESS),
        ((CUT,), 1, Verdict.PHANTOM_FAILURE),
        ((CUT,), 0, Verdict.REFUSED),
        ((GONE,), 1, Verdict.PHANTOM_FAILURE),
        ((HALF,), 1, Verdict.TRUNCATED),
        ((CUT, CUT), 2, Verdict.DUPLICATE),
        ((CUT, OK), 2, Verdict.DUPLICATE),
        ((CUT, OK), 1, Verdict.DELIVERED),
        ((OK,), 2, Verdict.DUPLICATE),
    ],
)
def test_the_verdict_is_that_of_the_last_attempt_and_of_all_effects(
    attempts: tuple[Attempt, ...], held: int, verdict: Verdict
) -> None:
    (one,) = tally([intent(*attempts)], ["tea"] * held + ["coffee"]).judged
    assert (one.verdict, one.effects) == (verdict, held)


def test_who_was_taken_away_was_told_nothing_but_a_duplicate_is_one() -> None:
    found = tally([intent(CUT, cut=True), intent(CUT, text="milk", cut=True)], ["tea", "milk", "milk"])
    assert found.unjudged == 1
    assert [one.verdict for one in found.judged] == [None, Verdict.DUPLICATE]
    assert found.rate(Verdict.DUPLICATE) == 1


def test_rates_are_shares_of_what_was_judged_and_examples_say_what_was_told() -> None:
    intents = [intent(CUT, text="a"), intent(OK, text="b"), intent(OK, text="c"), intent(GONE, text="d")]
    document = tally(intents, ["a", "b", "c"]).document()
    assert (document["intents"], document["unjudged"]) == (4, 0)
    verdicts = document["verdicts"]
    assert isinstance(verdicts, dict)
    assert verdicts["phantom-failure"]["count"] == 1
    assert verdicts["phantom-failure"]["rate"] == 0.25
    assert verdicts["phantom-failure"]["examples"] == [
        {"text": "a", "session": "s", "told": ["524 (complete)"], "effects": 1}
    ]
    assert verdicts["refused"]["examples"][0]["told"] == ["no answer (reset)"]


def test_only_bad_verdicts_that_nobody_allowed_are_refused() -> None:
    found = tally([intent(CUT, text="a"), intent(CUT, CUT, text="b"), intent(CUT, text="c")], ["a", "b", "b"])
    assert found.refused(frozenset()) == [Verdict.DUPLICATE, Verdict.PHANTOM_FAILURE]
    assert found.refused(frozenset({Verdict.DUPLICATE, Verdict.PHANTOM_FAILURE})) == []


def test_the_summary_names_what_was_met() -> None:
    found = tally([intent(CUT, text="a"), intent(OK, text="b"), intent(OK, text="c", cut=True)], ["a", "b"])
    assert found.summary() == (
        "3 intents: 1 phantom-failure (50.0%), 1 delivered (50.0%), 1 cut off at the end, not judged"
    )


def test_a_report_is_the_same_at_the_other_end() -> None:
    intents = [intent(CUT, GONE), intent(OK, text="ü", cut=True)]
    assert unpacked(packed(intents)) == intents
