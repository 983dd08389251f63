"""Runs as a page of results: scenario x edge. Pure."""

import shlex
from collections.abc import Mapping, Sequence

import msgspec

from firstbyte.harness.findings.catalogue import load_finding
from firstbyte.harness.model.profile import Profile
from firstbyte.harness.model.result import Outcome, Run
from firstbyte.harness.model.verdict import MEANING, ClientExchange, Verdict
from firstbyte.harness.report.site.model import Case, Explained, Hue, Lanes, Row, Site, Word
from firstbyte.harness.report.site.timers import marks_of
from firstbyte.harness.report.words import OUTCOME_WORD, format_client_result, seen, server_has, short_time

COMMAND = "command"
"""The fact that is no version."""

type Profiles = Mapping[tuple[str, str], tuple[Profile, ...]]
"""By scenario and edge: the profiles a run was played with."""

_SIGN_AND_HUE = {
    Verdict.DELIVERED: ("✓", Hue.GOOD),
    Verdict.REFUSED: ("–", Hue.FINE),
    Verdict.PHANTOM_FAILURE: ("!", Hue.BAD),
    Verdict.PHANTOM_SUCCESS: ("∅", Hue.LOST),
    Verdict.DUPLICATE: ("×2", Hue.TWICE),
    Verdict.TRUNCATED: ("½", Hue.HALF),
    Verdict.UNRESOLVED: ("?", Hue.DOUBT),
}
_UNJUDGED = {
    Outcome.NOT_APPLICABLE: ("·", "it depends on a value nobody could confirm, or can't run in this mode"),
    Outcome.SETUP_ERROR: ("S", "the fault that was meant did not happen, or something did not start"),
    Outcome.HARNESS_ERROR: ("E", "a fault of firstbyte itself"),
    Outcome.FAIL: ("F", "it could not be judged"),
    Outcome.PASS: ("P", "it could not be judged"),
}
_OUTCOME = {
    Outcome.PASS: "as expected",
    Outcome.FAIL: "not as expected",
    Outcome.SETUP_ERROR: "set-up error",
    Outcome.HARNESS_ERROR: "harness error",
    Outcome.NOT_APPLICABLE: "not applicable",
}


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """What a command that plays one run again needs beside the run. files: scenario files of the user's."""

    known: frozenset[str]
    files: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()


def site_of(
    runs: Sequence[Run],
    *,
    title: str,
    facts: Sequence[tuple[str, str]],
    profiles: Profiles,
    replay: Replay,
) -> Site:
    """The page of these runs. facts: command and versions; each run shows the versions too."""
    made_with = ", ".join(f"{name} {value}" for name, value in facts if name != COMMAND)
    rows = {run.scenario: Row(name=run.scenario, title=run.title, claim=run.claim) for run in runs}
    used = {_word(run) for run in runs}
    return Site(
        title=title,
        about="Colour says what a client was told against what the server did; a ring marks what is not as "
        "the scenario expects. A red verdict that is as expected is a bug shown on purpose.",
        row_noun="scenario",
        column_noun="edge",
        case_noun="run",
        rows=tuple(rows.values()),
        cases=tuple(
            _case(run, profiles.get((run.scenario, run.edge), ()), replay, made_with) for run in runs
        ),
        words=tuple(word for word in words() if word.word in used),
        facts=tuple(facts),
        findings=explained(dict.fromkeys(name for run in runs for name in run.findings)),
    )


def words() -> tuple[Word, ...]:
    """All verdicts, then what has none."""
    judged = (
        Word(word=str(verdict), sign=sign, hue=hue, meaning=MEANING[verdict])
        for verdict, (sign, hue) in _SIGN_AND_HUE.items()
    )
    unjudged = (
        Word(word=str(outcome), sign=sign, hue=Hue.NONE, meaning=meaning)
        for outcome, (sign, meaning) in _UNJUDGED.items()
    )
    return (*judged, *unjudged)


def explained(ids: Sequence[str] | Mapping[str, object]) -> tuple[Explained, ...]:
    """The texts of findings."""
    found = (load_finding(id_) for id_ in ids)
    return tuple(
        Explained(
            id=one.id,
            title=one.title,
            level=str(one.level),
            meaning=one.meaning,
            cause=one.cause,
            cures=one.cures,
        )
        for one in found
    )


def _word(run: Run) -> str:
    return str(run.judgement.verdict) if run.judgement else str(run.outcome)


def _case(run: Run, profiles: tuple[Profile, ...], replay: Replay, made_with: str) -> Case:
    has_story = bool(run.timeline.events)
    lanes = Lanes(title="Timeline", unit=unit_of(run), marks=marks_of(run.timeline.events, profiles))
    return Case(
        row=run.scenario,
        column=run.edge,
        word=_word(run),
        outcome=_OUTCOME[run.outcome],
        is_good=run.outcome in (Outcome.PASS, Outcome.NOT_APPLICABLE),
        brief=seen(run),
        told=tuple(_story(run)),
        problems=(*run.mismatches, *((run.problem,) if run.problem else ())),
        findings=run.findings,
        facts=tuple(_facts(run, made_with)),
        lanes=(lanes,) if has_story else (),
        replay=replay_command(run, replay),
    )


def unit_of(run: Run) -> str:
    """What a second on the axis of its timeline is."""
    if run.mode == "sim":
        return "virtual seconds"
    return f"real seconds x {run.time_scale:g}" if run.time_scale != 1 else "real seconds"


def _story(run: Run) -> list[tuple[str, str]]:
    story = [("expected", run.expected)] if run.expected else []
    if run.judgement is not None:
        verdict = run.judgement.verdict
        story += [
            ("seen", seen(run)),
            ("told", format_client_result(run.judgement)),
            ("ledger", server_has(run)),
            ("verdict", f"{verdict}: {MEANING[verdict]}"),
        ]
    return story


def _facts(run: Run, made_with: str) -> list[tuple[str, str]]:
    facts = [(f"request #{one.id}", _request(one)) for one in run.exchanges]
    facts += [
        (f"fired on #{one.request}", f"{one.timer} at {one.at_s:g} s (edge {one.hop + 1})")
        for one in run.fired
    ]
    for message in run.ledger.messages:
        facts.append(("message in the ledger", f"{message.id} for '{message.intent}'"))
    facts += [(f"stage of '{intent}'", stage) for intent, stage in run.ledger.stages.items()]
    facts += [(f"model calls for '{intent}'", str(calls)) for intent, calls in run.ledger.model_calls.items()]
    facts += [
        ("handler", run.handler or run.server_handler),
        ("mode", f"{run.mode}, {unit_of(run)}, seed {run.seed}"),
        ("belief rule", str(run.belief_rule)),
        ("outcome", OUTCOME_WORD[run.outcome]),
    ]
    facts += [(f"version of {name}", number) for name, number in run.versions.items()]
    if made_with:
        facts.append(("versions", made_with))
    if run.unknowns:
        facts.append(("unknown keys it does not depend on", ", ".join(run.unknowns)))
    return [*facts, ("digest", run.digest or "none")]


def _request(one: ClientExchange) -> str:
    def after(at: int | None) -> str:
        return "never" if at is None else f"after {short_time(at - one.sent_at)}"

    status = "no status" if one.status is None else str(one.status)
    times = f"first byte {after(one.first_byte_at)}, header {after(one.header_at)}, end {after(one.end_at)}"
    return f"{one.method} {one.path}: {status}, {one.end}; {times}; {one.body_bytes} body bytes"


def replay_command(run: Run, replay: Replay) -> str:
    """The command that plays this run again."""
    named = [run.scenario] if run.scenario in replay.known else list(replay.files) or [run.scenario]
    options = ["--edge", run.edge]
    if run.mode == "real":
        options += ["--mode", "real", "--time-scale", f"{run.time_scale:g}"]
    if run.seed:
        options += ["--seed", str(run.seed)]
    for setting in replay.settings:
        options += ["--set", setting]
    return shlex.join(["firstbyte", "run", *named, *options, "--verbose"])
