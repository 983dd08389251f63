"""Runs one plan, in sim or in real mode. What the subject does is a result and never an exception.

Only sim tries the other values of unknown keys (evidence rule 5): it plays a run again in a millisecond. In
real mode the assumed values hold, so a real run says nothing about the unknown keys.
"""

from importlib import import_module
from typing import TYPE_CHECKING

import msgspec

from firstbyte.harness.files.loader import LoadedProfile
from firstbyte.harness.model.result import Outcome, Run
from firstbyte.harness.model.scenario import ProductOrigin
from firstbyte.harness.model.timeline import Event, join
from firstbyte.harness.model.units import Duration, as_seconds, seconds
from firstbyte.harness.model.verdict import ClientExchange
from firstbyte.harness.origin.account import ledger_of
from firstbyte.harness.problems import SetupFailed
from firstbyte.harness.runner.conclude import Observed, conclude, failed_run
from firstbyte.harness.runner.machine import MOST_HELD_UP, MOST_OF_PRODUCT, watched_machine
from firstbyte.harness.runner.plan import Plan
from firstbyte.harness.runner.script import Script
from firstbyte.harness.runner.stage import RunStage
from firstbyte.harness.runner.unknowns import sensitive_keys
from firstbyte.shortage import is_short, shortage

if TYPE_CHECKING:
    from firstbyte.harness.runner.real_processes import RealProcesses

MAX_VIRTUAL = seconds(48 * 3600)
MOST_REPEATS = 3
TOO_BUSY = "this machine is too busy"
"""How the problem of a run begins that the machine delayed each time, so that it proves nothing."""


def run_in_sim(plan: Plan) -> Run:
    """One run in virtual time, played once more for each other value of an unknown key that was consulted."""
    if "sim" not in plan.scenario.modes:
        return failed_run(plan, Outcome.NOT_APPLICABLE, "the scenario says it does not run in sim")
    if plan.refusal:
        return failed_run(plan, Outcome.NOT_APPLICABLE, f"{plan.options.target}: {plan.refusal}")
    from firstbyte.harness.sim import SimError  # noqa: PLC0415 - not for those who only list

    try:
        observed = observe_in_sim(plan)
        sensitive = next(sensitive_keys(plan, observed, observe_in_sim), None)
    except SetupFailed as error:
        return failed_run(plan, Outcome.SETUP_ERROR, str(error))
    except SimError as error:
        return failed_run(plan, Outcome.HARNESS_ERROR, f"{type(error).__name__}: {error}")
    if sensitive is not None:
        return failed_run(plan, Outcome.NOT_APPLICABLE, sensitive.sentence, unknown_keys(plan.hops))
    return conclude(plan, observed, unknown_keys(plan.hops))


def preload() -> None:
    """Load all that a simulation needs."""
    import_module("firstbyte.harness.runner.sim_stage")


def observe_in_sim(plan: Plan) -> Observed:
    """Play the plan once in virtual time."""
    from firstbyte.harness.runner.sim_disk import empty_disk  # noqa: PLC0415 - mitmproxy, Starlette, uvicorn
    from firstbyte.harness.runner.sim_stage import SimStage  # noqa: PLC0415
    from firstbyte.harness.sim import Sim, run_sim  # noqa: PLC0415

    async def play(sim: Sim) -> Observed:
        stage = SimStage(sim, plan, disk)
        try:
            await stage.open()
            return await observe(stage)
        finally:
            await stage.close()

    with empty_disk() as disk:
        return run_sim(play, seed=plan.options.seed, max_virtual=MAX_VIRTUAL)


async def run_real(plan: Plan, *, repeats: int = MOST_REPEATS) -> Run:
    """One run with processes on loopback. One that a busy machine delayed is repeated at half the time scale.

    repeats: at most so often. The time_scale of the result is the one of the last repeat.
    """
    if "real" not in plan.scenario.modes:
        return failed_run(
            plan,
            Outcome.NOT_APPLICABLE,
            "the scenario needs virtual time; its times are too close for real mode",
        )
    if plan.refusal:
        return failed_run(plan, Outcome.NOT_APPLICABLE, f"{plan.options.target}: {plan.refusal}")
    most = most_held_up(plan)
    run, held_up = await _play_real(plan)
    for _ in range(repeats):
        if held_up <= most or plan.options.time_scale == 1:
            return run
        plan = _slower(plan)
        run, held_up = await _play_real(plan)
    if held_up <= most:
        return run
    return failed_run(
        plan,
        Outcome.SETUP_ERROR,
        f"{TOO_BUSY}: its processors or its disk held a run up for {as_seconds(held_up):.2f} s; "
        "run fewer at once (-j) or at a smaller --time-scale",
    )


def most_held_up(plan: Plan) -> Duration:
    """The longest delay that does no harm: scenarios of products have wider margins, of seconds."""
    return MOST_OF_PRODUCT if isinstance(plan.scenario.origin, ProductOrigin) else MOST_HELD_UP


def _slower(plan: Plan) -> Plan:
    if plan.target.keeps_scale:
        return plan
    scale = max(1, plan.options.time_scale / 2)
    return msgspec.structs.replace(plan, options=msgspec.structs.replace(plan.options, time_scale=scale))


async def _play_real(plan: Plan) -> tuple[Run, Duration]:
    """The run, and how long the machine delayed it in wall time."""
    from firstbyte.harness.runner.real_stage import real_stage  # noqa: PLC0415

    held_up = Duration(0)
    try:
        async with real_stage(plan) as stage:
            try:
                with watched_machine(stage.processes.waited) as watch:
                    observed = await observe(stage)
            except (SetupFailed, OSError) as error:
                return _unobserved(plan, stage.processes, _format_error(error)), held_up
            if stage.processes.lost():
                return _unobserved(plan, stage.processes), held_up
            held_up = max(watch.worst, stage.processes.waited_for_disk())
            await stage.processes.stop()
            if crash := stage.processes.crash():
                return failed_run(plan, Outcome.HARNESS_ERROR, crash), held_up
            observed = with_events(observed, stage.edge_events())
    except (SetupFailed, OSError) as error:
        return failed_run(plan, Outcome.SETUP_ERROR, _format_error(error)), held_up
    return conclude(plan, observed), held_up


def _format_error(error: Exception) -> str:
    return shortage() if is_short(error) else str(error)


def _unobserved(plan: Plan, processes: "RealProcesses", problem: str = "") -> Run:
    """A run without a result. A lost process explains more than the connection that it refused."""
    if crash := processes.crash():
        return failed_run(plan, Outcome.HARNESS_ERROR, crash)
    return failed_run(plan, Outcome.SETUP_ERROR, processes.lost() or problem)


async def observe(stage: RunStage) -> Observed:
    """Play the script, let the origin settle, ask it for the truth."""
    exchanges: tuple[ClientExchange, ...] = await Script(stage).play()
    if not stage.is_origin_up():
        await stage.restart_origin()
    await stage.settle(stage.scenario.settle)
    account = await stage.account()
    return Observed(exchanges=exchanges, ledger=ledger_of(account), timeline=stage.timeline(account))


def with_events(observed: Observed, events: list[Event]) -> Observed:
    """The same with another reporter's events on the timeline."""
    return msgspec.structs.replace(observed, timeline=join(observed.timeline.events, events))


def unknown_keys(hops: tuple[LoadedProfile, ...]) -> tuple[str, ...]:
    """The unknown keys of all hops."""
    return tuple(unknown.key for hop in hops for unknown in hop.evidence.unknown)
