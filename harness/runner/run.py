"""Runs one plan, in sim or in real mode, and never raises for what the subject does."""

import asyncio
from contextlib import closing
from importlib import import_module

import msgspec

from firstbyte.harness.loader import LoadedProfile
from firstbyte.harness.origin.account import ledger_of
from firstbyte.harness.problems import SetupFailed
from firstbyte.harness.result import Outcome, Run
from firstbyte.harness.runner.conclude import Observed, conclude, failed_run
from firstbyte.harness.runner.plan import Plan
from firstbyte.harness.runner.script import Script
from firstbyte.harness.runner.stage import Stage
from firstbyte.harness.runner.unknowns import doubts
from firstbyte.harness.timeline import Event, join
from firstbyte.harness.units import seconds
from firstbyte.harness.verdict import Exchange

MAX_VIRTUAL = seconds(48 * 3600)


def run_plan(plan: Plan) -> Run:
    """One run. For many in real mode, use `run_real` in one loop."""
    if plan.options.mode == "sim":
        return run_in_sim(plan)
    return asyncio.run(run_real(plan))


def run_in_sim(plan: Plan) -> Run:
    """One run in virtual time, and under every value that an unknown key of the profiles may have."""
    if "sim" not in plan.scenario.modes:
        return failed_run(plan, Outcome.NOT_APPLICABLE, "the scenario says it does not run in sim")
    from firstbyte.harness.sim import SimError  # noqa: PLC0415 - not for those who only list

    try:
        observed = observe_in_sim(plan)
        doubt = next(doubts(plan, observed, observe_in_sim), None)
    except SetupFailed as error:
        return failed_run(plan, Outcome.SETUP_ERROR, str(error))
    except SimError as error:
        return failed_run(plan, Outcome.HARNESS_ERROR, f"{type(error).__name__}: {error}")
    if doubt is not None:
        return failed_run(plan, Outcome.NOT_APPLICABLE, doubt.sentence, unknown_keys(plan.hops))
    return conclude(plan, observed, unknown_keys(plan.hops))


def preload() -> None:
    """Load all that a simulation needs."""
    import_module("firstbyte.harness.runner.sim_stage")


def observe_in_sim(plan: Plan) -> Observed:
    """Play the plan once in virtual time."""
    from firstbyte.harness.runner.sim_stage import SimStage, empty_disk  # noqa: PLC0415 - mitmproxy, Starlette, uvicorn
    from firstbyte.harness.sim import Sim, run_sim  # noqa: PLC0415

    async def play(sim: Sim) -> Observed:
        stage = SimStage(sim, plan, disk)
        try:
            await stage.open()
            return await observe(stage)
        finally:
            await stage.close()

    with closing(empty_disk()) as disk:
        return run_sim(play, seed=plan.options.seed, max_virtual=MAX_VIRTUAL)


async def run_real(plan: Plan) -> Run:
    """One run with processes on loopback."""
    from firstbyte.harness.runner.real_stage import real_stage  # noqa: PLC0415

    if "real" not in plan.scenario.modes:
        return failed_run(
            plan,
            Outcome.NOT_APPLICABLE,
            "the scenario needs virtual time; its times are too close for real mode",
        )
    try:
        async with real_stage(plan) as stage:
            observed = await observe(stage)
            await stage.close()
            if crash := stage.crash():
                return failed_run(plan, Outcome.HARNESS_ERROR, crash)
            observed = with_events(observed, stage.edge_events())
    except (SetupFailed, OSError) as error:
        return failed_run(plan, Outcome.SETUP_ERROR, str(error))
    return conclude(plan, observed)


async def observe(stage: Stage) -> Observed:
    """Play the script, let the origin settle, ask it for the truth."""
    exchanges: tuple[Exchange, ...] = await Script(stage).play()
    if not stage.is_origin_up():
        await stage.restart_origin()
    await stage.settle(stage.scenario.settle)
    account = await stage.account()
    return Observed(exchanges=exchanges, ledger=ledger_of(account), timeline=stage.timeline(account))


def with_events(observed: Observed, more: list[Event]) -> Observed:
    """The same with another reporter's events on the timeline."""
    return msgspec.structs.replace(observed, timeline=join(observed.timeline.events, more))


def unknown_keys(hops: tuple[LoadedProfile, ...]) -> tuple[str, ...]:
    """The unknown keys of all hops."""
    return tuple(one.key for hop in hops for one in hop.evidence.unknown)
