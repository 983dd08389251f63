"""Plays every fix behind every edge in virtual time, under every value an unknown key may have."""

from collections.abc import Callable, Sequence
from functools import cache, partial
from itertools import chain

import msgspec

from firstbyte.harness.files.loader import LoadedProfile
from firstbyte.harness.files.unknown_values import other_chains
from firstbyte.harness.findings import find
from firstbyte.harness.fixes.catalogue import BASELINE, Fix, scenario_of
from firstbyte.harness.fixes.cell import Cell, Result, classify
from firstbyte.harness.fixes.edge import Column, column, heartbeat_for, work_for
from firstbyte.harness.fixes.evidence import sentence, unknown_sentence
from firstbyte.harness.fixes.wires import wire_of
from firstbyte.harness.model.judge import Judgement, judge
from firstbyte.harness.model.verdict import ClientExchange
from firstbyte.harness.problems import SetupFailed
from firstbyte.harness.process.forked import map_forked
from firstbyte.harness.runner.conclude import Observed
from firstbyte.harness.runner.plan import Options, Plan
from firstbyte.harness.runner.play import observe_in_sim, preload
from firstbyte.harness.runner.unknowns import is_consulted
from firstbyte.harness.targets.reference import ReferenceServer

#: Playing fewer edges than this takes less time than starting processes.
WORTH_FORKING = 4


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """One play with what it means."""

    result: Result
    judged: Judgement
    observed: Observed


def all_cells(
    edges: Sequence[str], fixes: Sequence[Fix], jobs: int, on_done: Callable[[str], None] = lambda _edge: None
) -> tuple[Cell, ...]:
    """Every cell, edge by edge. jobs: how many processes. on_done: called with each edge that is done.

    Raises BadInput for an edge that does not exist, SetupFailed for one that lets the unfixed answer pass.
    """
    columns = [column(edge) for edge in edges]
    processes = jobs if len(columns) >= WORTH_FORKING else 1
    if processes > 1:
        preload()
    of_columns = map_forked(
        lambda behind: tuple(cell(behind, fix) for fix in fixes),
        columns,
        lambda cells: on_done(cells[0].edge if cells else ""),
        processes=processes,
    )
    return tuple(chain.from_iterable(of_columns))


def cell(behind: Column, fix: Fix) -> Cell:
    """One cell: the result, or unknown when an allowed value of an unknown key gives another."""
    seen = _play(behind.edge, behind.hops, fix)
    can_matter = partial(is_consulted, timeline=seen.observed.timeline)
    for other, hops in other_chains(behind.hops, can_matter):
        result = _play(behind.edge, hops, fix).result
        if result is not seen.result:
            evidence = unknown_sentence(other, seen.result, result)
            return Cell(fix=fix.id, edge=behind.edge, result=Result.UNKNOWN, evidence=evidence)
    baseline = _baseline(behind.edge, _Key(behind.hops))
    evidence = sentence(behind, seen.judged, seen.observed.timeline, baseline)
    return Cell(fix=fix.id, edge=behind.edge, result=seen.result, evidence=evidence)


def _play(edge: str, hops: tuple[LoadedProfile, ...], fix: Fix) -> Played:
    observed, judged = _observe(edge, hops, fix)
    profile = hops[0].profile
    findings = find(observed.timeline, observed.exchanges, observed.ledger, judged, profile)
    return Played(
        result=classify(judged, findings, _baseline(edge, _Key(hops))), judged=judged, observed=observed
    )


def _observe(edge: str, hops: tuple[LoadedProfile, ...], fix: Fix) -> tuple[Observed, Judgement]:
    work, heartbeat = work_for(hops), heartbeat_for(hops)
    scenario = scenario_of(fix, work, heartbeat)
    plan = Plan(
        scenario=scenario,
        edge=edge,
        hops=hops,
        expect=None,
        options=Options(),
        target=ReferenceServer(),
        shape=wire_of(fix, work, heartbeat) if fix.interim else None,
    )
    observed = observe_in_sim(plan)
    return observed, judge(observed.exchanges, observed.ledger, scenario.belief)


class _Key:
    """Hops as a key of the cache, compared by their profiles."""

    def __init__(self, hops: tuple[LoadedProfile, ...]) -> None:
        self.hops = hops
        self._bytes = msgspec.json.encode([hop.profile for hop in hops], enc_hook=int)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other._bytes == self._bytes

    def __hash__(self) -> int:
        return hash(self._bytes)


@cache
def _baseline(edge: str, key: _Key) -> ClientExchange:
    """The exchange of the unfixed answer behind this variant of an edge. Each is played once."""
    _, judged = _observe(edge, key.hops, BASELINE)
    if judged.verdict.is_good:
        raise SetupFailed(f"{edge}: the unfixed answer passes, so there is nothing to fix; give it a limit")
    return judged.exchange
