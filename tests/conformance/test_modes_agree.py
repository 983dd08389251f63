"""Every scenario that runs in both modes tells the same story in both: same verdict, statuses, ends, order
of events.

Real mode is origin and edge as processes of their own, on loopback, every time divided by SCALE. They are
played in an order that FIRSTBYTE_ORDER draws, another in each run, beside loops that keep the machine busy.
"""

import asyncio
import os
from collections.abc import Callable, Iterator

import pytest

from firstbyte.harness.result import Outcome, Run
from firstbyte.harness.runner.plan import Plan
from firstbyte.harness.runner.run import run_in_sim
from tests.conformance.stories import both_modes, differences
from tests.soak.busy import LOOPS, busy_machine
from tests.soak.load import AGAIN_AT_ONCE, AT_ONCE, held_up_of, played
from tests.soak.order import ORDER, drawn

ORDER_SEED = int(os.environ[ORDER])
CHOSEN = drawn(both_modes(), ORDER_SEED)
GROUPS = [CHOSEN[at : at + AT_ONCE] for at in range(0, len(CHOSEN), AT_ONCE)]


def params() -> Iterator[object]:
    """Each plan with the group it is played in."""
    for number, group in enumerate(GROUPS):
        for plan in group:
            yield pytest.param(number, plan, id=f"{plan.name}@order-{ORDER_SEED}-group-{number}")


class Playing:
    """Plays a group's plans at once, when the first of them is asked for; only those that were selected.

    loops: how many keep the machine busy meanwhile. What they held up is played again without them.
    """

    def __init__(self, selected: set[str], loops: int) -> None:
        self._selected = selected
        self._loops = loops
        self._runs: dict[str, Run] = {}
        self._again: set[str] = set()

    def run(self, number: int, plan: Plan) -> Run:
        if plan.name not in self._runs:
            group = [one for one in GROUPS[number] if one.name in self._selected]
            with busy_machine(self._loops):
                once = asyncio.run(played(group, AT_ONCE, repeats=0))
            again = asyncio.run(played(held_up_of(group, once), AGAIN_AT_ONCE))
            self._runs |= {run.name: run for run in (*once, *again)}
            self._again |= {run.name for run in again}
        return self._runs[plan.name]

    def is_again(self, plan: Plan) -> bool:
        """What counts was played without the loops."""
        return plan.name in self._again


@pytest.fixture(scope="session")
def playing(request: pytest.FixtureRequest) -> Playing:
    items = [item for item in request.session.items if isinstance(item, pytest.Function)]
    plans_of = [item.callspec.params.get("plan") for item in items if hasattr(item, "callspec")]
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    return Playing({plan.name for plan in plans_of if isinstance(plan, Plan)}, max(LOOPS // workers, 1))


@pytest.mark.busy
@pytest.mark.clock
@pytest.mark.slow
@pytest.mark.parametrize(("number", "plan"), [*params()])
def test_sim_and_real_tell_the_same_story(
    playing: Playing, number: int, plan: Plan, record_property: Callable[[str, object], None]
) -> None:
    sim = run_in_sim(plan)
    if sim.outcome is Outcome.NOT_APPLICABLE:
        pytest.skip(sim.problem)
    real = playing.run(number, plan)
    record_property("beside busy loops", not playing.is_again(plan))
    assert differences(sim, real) == []
