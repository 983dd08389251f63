"""Results as a table, and the acts as a story: a picture each, with what was expected and what was seen.

It must never be wider than its terminal, and never cut a verdict or an outcome.
"""

from collections.abc import Iterator, Sequence

from firstbyte.harness import redact
from firstbyte.harness.model.result import Outcome, Run
from firstbyte.harness.report.paint import Line, Piece, Tone, line
from firstbyte.harness.report.plain import crop_middle, fit, fold, visible
from firstbyte.harness.report.plain import width as cells_of
from firstbyte.harness.report.terminal import Terminal
from firstbyte.harness.report.words import (
    NOTHING,
    OUTCOME_TONE,
    OUTCOME_WORD,
    count,
    seen,
    status_word,
    took,
    verdict_tone,
)

_OUTCOME, _STATUS, _AT, _VERDICT, _EFFECTS = 5, 6, 8, 15, 7
_GAP = 2
_NAME = "scenario[edge]"
_ROOMY = 72
"""From this width on columns stand two cells apart, below it one."""
_LABEL = 9
_FIXED = _OUTCOME + _STATUS + _AT + _VERDICT + _EFFECTS
_SUMMARY_ORDER = (
    Outcome.FAIL,
    Outcome.SETUP_ERROR,
    Outcome.HARNESS_ERROR,
    Outcome.PASS,
    Outcome.NOT_APPLICABLE,
)


def print_runs(runs: Sequence[Run], terminal: Terminal) -> None:
    """The table, below each row that is not as expected the reasons, and the summary."""
    terminal.show(table(runs, terminal.width))


def print_acts(runs: Sequence[Run], terminal: Terminal) -> None:
    """Each run with its title, expectation and picture, and the summary."""
    terminal.show(acts(runs, terminal.width))


def print_acts_and_runs(runs: Sequence[Run], terminal: Terminal) -> None:
    """First the one, then the other."""
    print_acts(runs, terminal)
    print_runs(runs, terminal)


def table(runs: Sequence[Run], width: int) -> list[Line]:
    """The same as lines."""
    gap = " " * (_GAP if width >= _ROOMY else 1)
    longest = max((cells_of(visible(run.name)) for run in runs), default=0)
    names = min(max(longest, cells_of(_NAME)), width - _FIXED - 5 * len(gap))
    rows: list[Line] = []
    for run in runs:
        rows += [_row(run, names, gap), *reasons(run, width, indent=" " * (_OUTCOME + len(gap)))]
    return [_head(names, gap), *rows, *summary(runs)]


def acts(runs: Sequence[Run], width: int) -> list[Line]:
    """One block for each run: heading, claim, expected, seen, picture, findings."""
    blocks = [one for run in runs for one in (*_act(run, width), ())]
    return [*blocks, *summary(runs)]


def summary(runs: Sequence[Run]) -> list[Line]:
    """How many runs came to what; '2 runs: 1 FAIL, 1 pass'."""
    outcomes = [run.outcome for run in runs]
    parts: list[str | Piece] = [f"{count(len(runs), 'run')}: " if runs else "no runs"]
    for outcome in _SUMMARY_ORDER:
        number = outcomes.count(outcome)
        if number:
            comma = ", " if len(parts) > 1 else ""
            parts += [comma, Piece(f"{number} {_in_full(outcome)}", OUTCOME_TONE[outcome])]
    return [line(*parts)]


def reasons(run: Run, width: int, indent: str = "") -> Iterator[Line]:
    """Why a run is not as expected: each difference, or the problem."""
    if run.outcome is Outcome.PASS:
        return
    tone = OUTCOME_TONE[run.outcome]
    for text in run.mismatches or ((run.problem,) if run.problem else ()):
        for folded in fold(_shown(text), width - len(indent), indent="  "):
            yield line(indent, Piece(folded, tone))


def _head(names: int, gap: str) -> Line:
    cells = [fit("", _OUTCOME), fit(_NAME, names), fit("status", _STATUS), fit("at", _AT)]
    return line(Piece(gap.join([*cells, fit("verdict", _VERDICT), "effects"]), Tone.FAINT))


def _row(run: Run, names: int, gap: str) -> Line:
    judged = run.judgement
    name = fit(crop_middle(visible(run.name), names), names)
    start = (Piece(fit(OUTCOME_WORD[run.outcome], _OUTCOME), OUTCOME_TONE[run.outcome]), f"{gap}{name}{gap}")
    if judged is None:
        rest = [fit(NOTHING, size) for size in (_STATUS, _AT, _VERDICT)]
        return line(*start, gap.join([*rest, NOTHING]))
    numbers = f"{fit(status_word(judged.exchange), _STATUS)}{gap}{fit(took(judged.exchange), _AT)}{gap}"
    verdict = Piece(fit(str(judged.verdict), _VERDICT), verdict_tone(judged.verdict))
    return line(*start, numbers, verdict, f"{gap}{judged.effects}")


def _act(run: Run, width: int) -> Iterator[Line]:
    tone = OUTCOME_TONE[run.outcome]
    heading = fold(_shown(f"{run.name}: {run.title}"), width - _OUTCOME - _GAP, indent="  ")
    yield line(Piece(fit(OUTCOME_WORD[run.outcome], _OUTCOME + _GAP), tone), Piece(heading[0], Tone.STRONG))
    for rest in heading[1:]:
        yield line(" " * (_OUTCOME + _GAP), Piece(rest, Tone.STRONG))
    yield from _labelled("claim", run.claim, width, Tone.FAINT)
    if run.expected:
        yield from _labelled("expected", run.expected, width, Tone.PLAIN)
    if run.judgement is not None:
        yield from _labelled("seen", seen(run), width, Tone.PLAIN)
    yield from reasons(run, width, indent=" " * _LABEL)
    if run.judgement is not None:
        from firstbyte.harness.report.picture import picture  # noqa: PLC0415 - a table has none

        yield ()
        yield from picture(run, width)
    if run.findings:
        yield from _labelled("why", ", ".join(run.findings), width, Tone.PLAIN)


def _labelled(name: str, text: str, width: int, tone: Tone) -> Iterator[Line]:
    label = name.ljust(_LABEL)
    for index, folded in enumerate(fold(_shown(text), width - len(label))):
        yield line(Piece(label if index == 0 else " " * len(label), Tone.FAINT), Piece(folded, tone))


def _in_full(outcome: Outcome) -> str:
    """The outcome as a word of its own: 'setup' needs its noun in a sentence."""
    is_error = outcome in (Outcome.SETUP_ERROR, Outcome.HARNESS_ERROR)
    return str(outcome) if is_error or outcome is Outcome.NOT_APPLICABLE else OUTCOME_WORD[outcome]


def _shown(text: str) -> str:
    return visible(redact.text(text))
