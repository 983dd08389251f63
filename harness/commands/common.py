"""What the commands that run scenarios share: their plans, how they run, and where the results go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from firstbyte.harness.commands import console
from firstbyte.harness.files.setting import apply_to_chain, check_all_used, parse_setting
from firstbyte.harness.model.result import Outcome, Run, document
from firstbyte.harness.problems import BadInput
from firstbyte.harness.report import json_out
from firstbyte.harness.report.terminal import Terminal
from firstbyte.harness.runner.plan import Mode, Options, Plan
from firstbyte.harness.runner.selection import plans, run_all
from firstbyte.harness.targets.catalogue import find_target
from firstbyte.harness.targets.reference import NAME as REFERENCE
from firstbyte.harness.version import package_version

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from firstbyte.harness.commands.options import RunningOptions
    from firstbyte.harness.files.loader import LoadedProfile
    from firstbyte.harness.model.scenario import Scenario


def options_of(options: RunningOptions) -> Options:
    """The run options; BadInput for a combination that makes no sense."""
    is_reference = options.target == REFERENCE
    mode: Mode = options.mode or ("sim" if is_reference else "real")
    time_scale = options.time_scale or 1.0
    if mode == "sim" and time_scale != 1:
        raise BadInput("--time-scale: sim needs none, its time is virtual; add --mode real or leave it out")
    target = find_target(options.target, options.adapter)
    if mode == "sim" and not is_reference:
        raise BadInput(f"--mode: {target.name} is a process and has no virtual time; leave --mode out")
    target.require()
    return Options(
        mode=mode,
        time_scale=time_scale,
        seed=options.seed,
        target=options.target,
        adapter=options.adapter,
    )


def chosen_plans(scenarios: Sequence[Scenario], options: RunningOptions) -> list[Plan]:
    """The scenarios behind their edges, with the keys of --set changed.

    A changed edge is a different edge: the scenario states no expectation for it, so its claim decides.
    """
    stated = list(plans(scenarios, options.edge, options_of(options)))
    settings = [parse_setting(text) for text in options.set]
    check_all_used(settings, [plan.hops for plan in stated])
    return [_changed(plan, apply_to_chain(plan.hops, settings)) for plan in stated]


def _changed(plan: Plan, hops: tuple[LoadedProfile, ...]) -> Plan:
    return plan if hops == plan.hops else msgspec.structs.replace(plan, hops=hops, expect=None)


def run_shown(
    chosen: Sequence[Plan], options: RunningOptions, show: Callable[[Sequence[Run], Terminal], None]
) -> int:
    """Run with progress, write the files, show the result on stdout (stderr when JSON has it); returns the
    exit code.
    """
    with console.progress_line(len(chosen)) as progress:
        runs = run_all(chosen, options.jobs, lambda run: progress.advance(run.name))
    write_out(runs, options)
    if options.html is not None:
        from firstbyte.harness.commands.run_page import write_page  # noqa: PLC0415 - only when a page is written

        write_page(runs, chosen, options, options.html)
    show(runs, console.result_terminal(options.json))
    return exit_code(runs)


def write_out(runs: Sequence[Run], options: RunningOptions) -> None:
    """--json and --junit."""
    if options.json:
        whole = document(tuple(runs), package_version())
        shard = options.shard
        part = (
            {"shard": dict(zip(("index", "count"), map(int, shard.split("/")), strict=True))} if shard else {}
        )
        json_out.write({**whole, **part}, options.json)
    if options.junit:
        from firstbyte.harness.report import junit  # noqa: PLC0415 - only when it is written

        junit.write(tuple(runs), options.junit)


def exit_code(runs: Sequence[Run]) -> int:
    """1 when a subject failed, 4 or 3 when a run could not be judged, else 0."""
    outcomes = {run.outcome for run in runs}
    if Outcome.HARNESS_ERROR in outcomes:
        return 4
    if Outcome.SETUP_ERROR in outcomes:
        return 3
    return 1 if Outcome.FAIL in outcomes else 0
