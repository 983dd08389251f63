"""Many runs in real mode at once, and which of them a busy machine has spoilt."""

import asyncio
from collections.abc import Iterable, Sequence

from firstbyte.harness.model.result import Outcome, Run
from firstbyte.harness.runner.plan import Plan
from firstbyte.harness.runner.play import MOST_REPEATS, TOO_BUSY, run_real
from tests.conformance.stories import real_plan
from tests.soak.busy import busy_machine

AT_ONCE, AGAIN_AT_ONCE = 12, 3
"""They wait for their limits, so one after the other would take an hour; what was held up needs more room."""


async def played(chosen: Sequence[Plan], at_once: int, *, repeats: int = MOST_REPEATS) -> list[Run]:
    """In this order, so many at once; repeats: how often one that was held up is played again at once."""
    places = asyncio.Semaphore(at_once)

    async def one(plan: Plan) -> Run:
        async with places:
            return await run_real(real_plan(plan), repeats=repeats)

    return await asyncio.gather(*(one(plan) for plan in chosen))


def played_beside_loops(chosen: Sequence[Plan], at_once: int, loops: int) -> list[Run]:
    """As above, on a machine that loops keep busy; what they held up is played again without them."""
    with busy_machine(loops):
        once = asyncio.run(played(chosen, at_once, repeats=0))
    again = asyncio.run(played(held_up_of(chosen, once), AGAIN_AT_ONCE, repeats=1))
    return list({run.name: run for run in (*once, *again)}.values())


def played_alone(plan: Plan) -> Run:
    """The run with nothing of ours beside it; it is played again if something else keeps the machine busy."""
    run = asyncio.run(run_real(real_plan(plan)))
    return asyncio.run(run_real(real_plan(plan))) if is_held_up(run) else run


def is_held_up(run: Run) -> bool:
    """It proves nothing: the machine held it up each time it was played."""
    return run.outcome is Outcome.SETUP_ERROR and run.problem.startswith(TOO_BUSY)


def held_up_of(chosen: Sequence[Plan], runs: Iterable[Run]) -> list[Plan]:
    """The plans of the runs that were."""
    names = {run.name for run in runs if is_held_up(run)}
    return [plan for plan in chosen if plan.name in names]
