"""Chooses what to run, and runs many plans: each scenario behind each edge, several at once."""

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

import msgspec

from firstbyte.harness.checks.suite import load_checked_suite
from firstbyte.harness.files.loader import load_suites, scenarios_dir
from firstbyte.harness.model.result import Run
from firstbyte.harness.model.scenario import Scenario, Suite
from firstbyte.harness.problems import BadInput, did_you_mean
from firstbyte.harness.process.forked import map_forked
from firstbyte.harness.runner.plan import Options, Plan, make_plan
from firstbyte.harness.runner.play import preload, run_in_sim, run_real

WORTH_FORKING = 64
"""Fewer runs than this take less time than starting processes."""


def select(words: Sequence[str]) -> tuple[Scenario, ...]:
    """The scenarios named by suite, id, glob, or file; all that come with firstbyte when nothing is named.

    BadInput for a name that is not there, and with every complaint about a user's own file.
    """
    suites = load_suites()
    if not words:
        return tuple(scenario for suite in suites for scenario in suite.scenario)
    return tuple(scenario for word in words for scenario in _named(word, suites))


def _named(word: str, suites: Sequence[Suite]) -> list[Scenario]:
    if word.endswith(".toml"):
        return list(load_checked_suite(_file(word)).scenario)
    whole = [suite for suite in suites if suite.suite == word]
    if whole:
        return [scenario for suite in whole for scenario in suite.scenario]
    name = word.partition("[")[0]
    matching = [
        scenario
        for suite in suites
        for scenario in suite.scenario
        if fnmatch(scenario.id, name) or fnmatch(f"{suite.suite}/{scenario.id}", name)
    ]
    if not matching:
        names = {suite.suite for suite in suites} | {one.id for suite in suites for one in suite.scenario}
        raise BadInput(f"no scenario or suite '{word}'{did_you_mean(word, names)[:400]}")
    return matching


def _file(word: str) -> Path:
    path = Path(word)
    return path if path.exists() else scenarios_dir() / word


def plans(scenarios: Sequence[Scenario], edges: Sequence[str], options: Options) -> Iterator[Plan]:
    """Each scenario behind each of `edges`, or behind those it states an expectation for."""
    played: dict[tuple[object, ...], str] = {}
    for scenario in scenarios:
        for edge in edges or tuple(scenario.edge):
            plan = make_plan(scenario, edge, options)
            if plan.expect is None and not plan.refusal:
                plan = _once(plan, plan.target.play(scenario), played)
            yield plan


def _once(plan: Plan, played: Scenario, before: dict[tuple[object, ...], str]) -> Plan:
    """The plan, or the plan refused when an earlier one plays the same on this target.

    Scenarios that differ only in the reference server's handler are alike to a target with one way to answer.
    """
    stated = plan.scenario.edge.get(plan.edge)
    changes = stated.set if stated else {}
    play = (plan.edge, repr(changes), played.step, played.origin, played.belief)
    first = before.setdefault(play, plan.scenario.id)
    if first == plan.scenario.id:
        return plan
    return msgspec.structs.replace(plan, refusal=f"plays the same here as {first}, which is run")


def shard(all_plans: Sequence[Plan], index: int, count: int) -> list[Plan]:
    """Part `index`, counted from 1, of `count`. The split is the same on every machine."""
    return [plan for number, plan in enumerate(all_plans) if number % count == index - 1]


def run_all(all_plans: Sequence[Plan], jobs: int, on_done: Callable[[Run], None]) -> tuple[Run, ...]:
    """Run all plans. Results are in the order of the plans; `on_done` is called in the order they end."""
    if any(plan.options.mode == "real" for plan in all_plans):
        return asyncio.run(_run_real(all_plans, jobs, on_done))
    processes = min(jobs, (os.cpu_count() or 1)) if len(all_plans) >= WORTH_FORKING else 1
    if processes > 1:
        preload()
    return map_forked(run_in_sim, all_plans, on_done, processes=processes, chunk=8)


async def _run_real(all_plans: Sequence[Plan], jobs: int, on_done: Callable[[Run], None]) -> tuple[Run, ...]:
    places = asyncio.Semaphore(jobs)

    async def one(plan: Plan) -> Run:
        async with places:
            run = await run_real(plan)
            on_done(run)
            return run

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(plan)) for plan in all_plans]
    return tuple(task.result() for task in tasks)
