"""Plays a marked test once without a fault, then once for each request and fault, as one test item.

Each round has function-scoped fixtures of its own; wider fixtures and the processes of edges are kept. It
must never let a round pass whose fault did not happen.
"""

import msgspec
import pytest
from _pytest.runner import call_and_report

from firstbyte.harness.plugin.edge_process import EdgePool
from firstbyte.harness.plugin.item_report import failure, reported, set_up_error, torn_down
from firstbyte.harness.plugin.mark import Marked, missing
from firstbyte.harness.plugin.round import Round, ledger_of
from firstbyte.harness.plugin.round_report import Replay, Wrong, request_line, text_of
from firstbyte.harness.plugin.round_verdict import Observed, is_broken, unfired, verdict_of
from firstbyte.harness.plugin.rounds import Target, bytes_before, target_of, targets
from firstbyte.harness.problems import BadInput, Problem

NOTHING = (
    "no request of it has come through an edge and been answered by a server: there is nothing to play. "
    "Make the edge with the `edge` or `sim` fixture, and let the test's client use its URL"
)


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """One round. reports: pytest's, of its phases. observed: None when the test was not called."""

    reports: tuple[pytest.TestReport, ...]
    observed: Observed | None

    @property
    def failed(self) -> pytest.TestReport | None:
        """The first phase that did not pass."""
        return next((one for one in self.reports if one.outcome != "passed"), None)


class Enumeration:
    """All rounds of one item. only: what `--firstbyte-fault` names. key: where fixtures find their round."""

    def __init__(
        self,
        item: pytest.Function,
        mark: Marked,
        key: pytest.StashKey[Round],
        replay: Replay,
        only: Target | None,
    ) -> None:
        self._item = item
        self._mark = mark
        self._key = key
        self._replay = replay
        self._only = only
        self._pool = EdgePool()
        self._wrong: list[Wrong] = []
        self._texts: list[str] = []

    def __repr__(self) -> str:
        return f"<Enumeration {self._replay.nodeid}, {len(self._wrong)} wrong>"

    def play(self) -> list[pytest.TestReport]:
        """Play all rounds. Returns the reports of the item: setup, call and teardown. Raises Problem."""
        try:
            first, number = self._rounds()
        finally:
            self._pool.close()
            if self._key in self._item.stash:
                del self._item.stash[self._key]
        self._item.user_properties += [
            ("firstbyte-rounds", str(number)),
            ("firstbyte-seed", str(self._replay.seed)),
            ("firstbyte-failed", ", ".join(one.word for one in self._wrong)),
        ]
        return reported(self._item, first.reports, self._failures(number))

    def _rounds(self) -> tuple[Played, int]:
        """Returns the round without a fault, and the number of rounds with one."""
        first = self._play(None)
        baseline = first.observed
        if first.failed is not None or baseline is None:
            return first, 0
        self._check_edge(baseline)
        chosen = self._targets(baseline)
        self._print_line(f"without a fault: {len(chosen)} rounds to come")
        for number, target in enumerate(chosen, 1):
            wrong = self._round(number, target, baseline)
            words = request_line(baseline.request(target), target)
            self._print_line(
                f"{number}/{len(chosen)} {words}: {target.fault} ... {wrong.word if wrong else 'ok'}"
            )
            if wrong is not None:
                self._wrong.append(wrong)
                text = text_of(wrong, baseline, len(chosen), self._mark.belief, self._replay)
                self._texts.append(text)
                if self._item.config.getoption("maxfail") == 1:
                    return first, number
        return first, len(chosen)

    def _check_edge(self, baseline: Observed) -> None:
        played = [edge.profile for edge in baseline.edges if edge.requests]
        reason = missing(self._item.stash[self._key].profile, played)
        if played and reason:
            raise BadInput(reason)

    def _targets(self, baseline: Observed) -> list[Target]:
        pattern = self._mark.requests
        requests = [edge.requests for edge in baseline.edges]
        found = list(targets(requests, self._mark.faults, pattern))
        if self._only is None:
            if not found and any(targets(requests, self._mark.faults)):
                sent = ", ".join(
                    dict.fromkeys(f"{one.method} {one.path}" for each in requests for one in each)
                )
                raise BadInput(f"requests={pattern!r}: no request of it fits; it sent {sent}")
            if not found:
                raise BadInput(NOTHING)
            return found
        if baseline.request(self._only) is None:
            counts = [len(edge.requests) for edge in baseline.edges]
            raise BadInput(
                f"--firstbyte-fault={self._only}: there is no such request; its edges had {counts}"
            )
        return [self._only]

    def _round(self, number: int, target: Target, baseline: Observed) -> Wrong | None:
        meant = baseline.request(target)
        after = bytes_before(target, meant.body_bytes if meant else 0, self._replay.seed)
        expected = sum((baseline.effects or {}).values())
        played = self._play(target, after, expected)
        failed = played.failed
        own = "" if failed is None else failure(failed)
        observed = played.observed or Observed(edges=(), effects=None)
        problem = unfired(baseline, observed, target)
        if failed is not None and failed.when == "setup":
            problem = "its fixtures failed, see below"
        if problem:
            return Wrong(number=number, target=target, observed=observed, problem=problem, failure=own)
        judgement = verdict_of(baseline, observed, target, self._mark.belief)
        if failed is None and (judgement is None or not is_broken(judgement, self._mark.belief)):
            return None
        return Wrong(number=number, target=target, observed=observed, judgement=judgement, failure=own)

    def _play(self, target: Target | None, after: int = 0, expected: int = 0) -> Played:
        """Play one round. Afterwards its fixtures are torn down; wider ones are kept."""
        item = self._item
        _renew(item)
        playing = item.stash[self._key] = Round(self._pool, target, after)
        observed: Observed | None = None
        reports = [call_and_report(item, "setup", log=False)]
        try:
            if reports[0].passed:
                self._watch_truth(playing)
                reports.append(call_and_report(item, "call", log=False))
                observed = playing.observed(expected, self._mark.within)
        finally:
            # With the parent as the next item, pytest tears down what the item has and keeps the rest.
            reports.append(call_and_report(item, "teardown", log=False, nextitem=item.parent))
        return Played(reports=tuple(reports), observed=observed)

    def _watch_truth(self, playing: Round) -> None:
        name = self._mark.truth
        if name:
            try:
                value = self._item._request.getfixturevalue(name)
            except pytest.FixtureLookupError as error:
                raise BadInput(f"truth={name!r}: there is no such fixture") from error
            playing.watch(ledger_of(value, name))

    def _failures(self, number: int) -> tuple[str, str, bool] | None:
        """Summary, text, and whether the subject has failed in any round; None when all is well."""
        if not self._wrong:
            return None
        words = ", ".join(one.word for one in self._wrong)
        summary = f"{len(self._wrong)} of {number} rounds with a fault: {words}"
        return (
            summary,
            f"\n\n{'-' * 100}\n".join([summary, *self._texts]),
            any(not one.problem for one in self._wrong),
        )

    def _print_line(self, text: str) -> None:
        """Print a line for each round, with -v."""
        config = self._item.config
        terminal = config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None and config.get_verbosity() > 0:
            terminal.ensure_newline()
            terminal.write_line(f"  {text}")


def run_item(
    item: pytest.Function,
    nextitem: pytest.Item | None,
    mark: Marked,
    key: pytest.StashKey[Round],
) -> None:
    """Run an item in rounds, with the calls that pytest makes around an item."""
    ihook, option = item.ihook, item.config.getoption
    ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    edges = tuple(f"--firstbyte-edge={name}" for name in option("--firstbyte-edge"))
    replay = Replay(nodeid=item.nodeid, seed=option("--firstbyte-seed"), words=edges)
    try:
        only = target_of(option("--firstbyte-fault")) if option("--firstbyte-fault") else None
        reports = Enumeration(item, mark, key, replay, only).play()
    except Problem as problem:
        reports = [set_up_error(item, f"firstbyte: {problem}")]
    own = next((one for one in reports if one.when == "teardown"), None)
    for report in reports:
        if report is not own:
            ihook.pytest_runtest_logreport(report=report)
    ihook.pytest_runtest_logreport(report=torn_down(item, own, nextitem))
    ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)


def _renew(item: pytest.Function) -> None:
    """Drop the fixtures, captured text and instance of the round before, as pytest-rerunfailures does."""
    item._initrequest()
    item._report_sections.clear()
    if isinstance(item.parent, pytest.Class) and type(item).__name__ != "TestCaseFunction":
        for name in ("_obj", "_instance"):
            item.__dict__.pop(name, None)
