"""Chooses what to run, and runs many plans: each scenario behind each edge, several at once."""

import asyncio
import gc
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from threading import Thread

import msgspec

from firstbyte.harness.checks.suite import load_checked_suite
from firstbyte.harness.files.loader import load_suites, scenarios_dir
from firstbyte.harness.model.result import Run
from firstbyte.harness.model.scenario import Scenario, Suite
from firstbyte.harness.problems import BadInput, did_you_mean
from firstbyte.harness.runner.plan import Options, Plan, make_plan
from firstbyte.harness.runner.play import preload, run_in_sim, run_real

WORTH_FORKING = 64
"""Fewer runs than this are over before the processes are there."""
_inherited: list[Plan] = []
"""In a forked process: the plans it was forked for."""


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
    if processes == 1:
        return tuple(_noted(run_in_sim(plan), on_done) for plan in all_plans)
    return _run_forked(all_plans, processes, on_done)


def _run_forked(all_plans: Sequence[Plan], processes: int, on_done: Callable[[Run], None]) -> tuple[Run, ...]:
    import multiprocessing  # noqa: PLC0415 - for many runs alone
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415

    # A simulation owns its process, so several at once need several; a fork has all loaded, the plans too.
    preload()
    gc.freeze()  # or the processes would look through all of that for garbage, and copy it to do so
    try:
        with ProcessPoolExecutor(
            processes,
            mp_context=multiprocessing.get_context("fork"),
            initializer=_work_for_parent,
            initargs=(all_plans,),
        ) as pool:
            runs = pool.map(_run_inherited, range(len(all_plans)), chunksize=8)
            return tuple(_noted(run, on_done) for run in runs)
    finally:
        gc.unfreeze()


def _run_inherited(number: int) -> Run:
    return run_in_sim(_inherited[number])


def _work_for_parent(all_plans: Sequence[Plan]) -> None:
    """Leave Ctrl-C to the parent, and end with it, however it ends."""
    _inherited.extend(all_plans)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    Thread(target=_end_with_parent, daemon=True, name="parent watch").start()


def _end_with_parent() -> None:
    import multiprocessing  # noqa: PLC0415

    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _noted(run: Run, on_done: Callable[[Run], None]) -> Run:
    on_done(run)
    return run


async def _run_real(all_plans: Sequence[Plan], jobs: int, on_done: Callable[[Run], None]) -> tuple[Run, ...]:
    places = asyncio.Semaphore(jobs)

    async def one(plan: Plan) -> Run:
        async with places:
            return _noted(await run_real(plan), on_done)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(plan)) for plan in all_plans]
    return tuple(task.result() for task in tasks)
