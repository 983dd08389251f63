"""The report of a round that went wrong: what the edges saw, the finding and its cure, how to replay it."""

import shlex
from collections.abc import Iterator, Sequence

import msgspec

from firstbyte.harness.model.judge import Judgement
from firstbyte.harness.model.ledger import Ledger
from firstbyte.harness.model.result import Outcome, Run
from firstbyte.harness.model.timeline import Kind, Timeline
from firstbyte.harness.model.verdict import MEANING, BeliefRule, ClientExchange
from firstbyte.harness.plugin.round_verdict import (
    EdgeSaw,
    Observed,
    counted,
    exchange_of,
    findings_of,
    last_answer,
)
from firstbyte.harness.plugin.rounds import Target
from firstbyte.harness.report import explain, picture
from firstbyte.proxies.rules.orders import Action, Seen

WIDTH = 100
NO_TRUTH = (
    "nobody said (truth=FIXTURE of the mark, or the `ledger` fixture): the test's own asserts alone decide"
)
DOES = {
    Action.CUT_HEADER: "the edge gives up before the header, when the server has answered",
    Action.CUT_BODY: "the edge gives up inside the body",
    Action.RESEND: "the edge sends the request again",
    Action.MUTATE: "the edge changes the answer as every intermediary may",
}
_HEADERS = (Kind.HEADER_COMPLETED, Kind.ANSWERED)


class Wrong(msgspec.Struct, frozen=True, kw_only=True):
    """A round that went wrong. problem: why it proves nothing, '' = the subject has failed.

    failure: the test's own failure, as pytest prints it.
    """

    number: int
    target: Target
    observed: Observed
    judgement: Judgement | None = None
    problem: str = ""
    failure: str = ""

    @property
    def word(self) -> str:
        """`1:cut-header duplicate`, for the one-line summary."""
        if self.problem:
            return f"{self.target} did not fire"
        is_told = self.judgement is not None and not self.judgement.verdict.is_good
        return f"{self.target} {self.judgement.verdict if is_told and self.judgement else 'failed'}"


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """How to play a round again. words: options that select the item, such as --firstbyte-edge."""

    nodeid: str
    seed: int
    words: tuple[str, ...] = ()

    def command(self, target: Target) -> str:
        """One line for a shell."""
        own = (f"--firstbyte-fault={target}", f"--firstbyte-seed={self.seed}")
        return shlex.join(("pytest", self.nodeid, *self.words, *own))


def request_line(seen: Seen | None, target: Target) -> str:
    """'request 1 POST /orders'."""
    which = "" if target.edge == 1 else f" of edge {target.edge}"
    what = "" if seen is None else f" {seen.method} {seen.path.partition('?')[0]}"
    return f"request {target.request}{which}{what}"


def text_of(wrong: Wrong, baseline: Observed, rounds: int, rule: BeliefRule, replay: Replay) -> str:
    """The whole report."""
    target, observed = wrong.target, wrong.observed
    seen = observed.request(target)
    lines = [f"round {wrong.number} of {rounds}: {request_line(seen, target)}: {target.fault}", ""]
    lines += _pictures(observed, rule, replay)
    if wrong.problem:
        lines.append(f"set-up   the fault did not fire: {wrong.problem}")
    else:
        lines += _sums(wrong, baseline)
        lines += explain.cures(findings_of(wrong.judgement, observed, baseline, target))
    lines += [f"seed     {replay.seed}", f"replay   {replay.command(target)}"]
    if wrong.failure:
        lines += ["", "the test's own failure:", wrong.failure.rstrip()]
    return "\n".join(lines)


def _sums(wrong: Wrong, baseline: Observed) -> Iterator[str]:
    target, observed, judgement = wrong.target, wrong.observed, wrong.judgement
    yield f"fault    {DOES[target.fault]}"
    yield f"told     {_answer_text(last_answer(baseline, observed, target), target)}"
    if observed.effects is None or baseline.effects is None:
        yield f"server   {NO_TRUTH}"
    else:
        yield f"server   {counted(observed.effects)}; {counted(baseline.effects)} without the fault"
    if judgement is not None:
        yield f"verdict  {judgement.verdict}: {MEANING[judgement.verdict]}"


def _answer_text(last: Seen, target: Target) -> str:
    by = " by its retry" if last.id != target.request else ""
    source = "the edge's own" if last.answer else "the server's"
    answer = f"{last.status}, {source}" if last.status else "no status"
    end = {"complete": "", "cut": ", broken off", "dropped": ", dropped", "left": ", the client had left"}
    return f"request {last.id}{by}: {answer}{end.get(last.end, ', under way')}"


def _pictures(observed: Observed, rule: BeliefRule, replay: Replay) -> Iterator[str]:
    for number, edge in enumerate(observed.edges, 1):
        if edge.timeline:
            yield f"behind {edge.profile}" + (f" (edge {number})" if len(observed.edges) > 1 else "")
            yield picture.lanes(_run(edge, rule, replay), WIDTH)


def _run(edge: EdgeSaw, rule: BeliefRule, replay: Replay) -> Run:
    """The edge's view of the round as a run, for the picture."""
    exchanges: Sequence[ClientExchange] = [exchange_of(one, _times(edge, one)) for one in edge.requests]
    return Run(
        scenario=replay.nodeid, title="", claim="", edge=edge.profile, target="", handler="",
        server_handler="", mode="real", time_scale=1.0, seed=replay.seed, belief_rule=rule,
        outcome=Outcome.FAIL, judgement=None, exchanges=tuple(exchanges), fired=(), ledger=Ledger(),
        findings=(), timeline=Timeline(events=edge.timeline), digest="",
    )  # fmt: skip


def _times(edge: EdgeSaw, seen: Seen) -> tuple[int, ...]:
    """When the request came, when it had its (last) header, and when it ended."""
    mine = [event for event in edge.timeline if event.request == seen.id]
    if not mine:
        return ()
    headers = [event.at for event in mine if event.kind in _HEADERS]
    return (mine[0].at, headers[-1] if headers else mine[-1].at, mine[-1].at)
