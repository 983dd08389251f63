"""Every scenario that runs in both modes tells the same story in both: same verdict, statuses, ends, order
of events.

Real mode is origin and edge as processes of their own, on loopback, every time divided by SCALE. They are
played beside loops that keep the machine busy, in an order that FIRSTBYTE_ORDER draws, another in each run.
A run that the machine held up proves nothing: in the end it is played with nothing of ours beside it.
"""

import os
from collections.abc import Iterator

import pytest

from firstbyte.harness.model.result import Outcome, Run
from firstbyte.harness.runner.plan import Plan
from firstbyte.harness.runner.play import run_in_sim
from tests.conformance.stories import both_modes, differences
from tests.soak.busy import LOOPS, SharedMachine
from tests.soak.load import is_held_up, played_alone, played_beside_loops
from tests.soak.order import ORDER, drawn

ORDER_SEED = int(os.environ[ORDER])
CHOSEN = drawn(both_modes(), ORDER_SEED)
AT_ONCE = 6
"""Of a group, and two groups are played at a time: with twice as many an answer was 200 ms late unseen."""
GROUP = 6 * AT_ONCE
GROUPS = [CHOSEN[at : at + GROUP] for at in range(0, len(CHOSEN), GROUP)]


def params() -> Iterator[object]:
    """Each plan with the group it is played in."""
    for number, group in enumerate(GROUPS):
        for plan in group:
            yield pytest.param(number, plan, id=f"{plan.name}@order-{ORDER_SEED}-group-{number}")


class Playing:
    """Plays a group's plans at once, when the first of them is asked for; only those that were selected."""

    def __init__(self, machine: SharedMachine, selected: set[str], loops: int) -> None:
        self._machine = machine
        self._selected = selected
        self._loops = loops
        self._runs: dict[str, Run] = {}

    def run(self, number: int, plan: Plan) -> Run:
        if plan.name not in self._runs:
            group = [one for one in GROUPS[number] if one.name in self._selected]
            with self._machine.beside_others():
                runs = played_beside_loops(group, AT_ONCE, self._loops)
            self._runs |= {run.name: run for run in runs}
        run = self._runs[plan.name]
        if is_held_up(run):
            with self._machine.alone():
                run = played_alone(plan)
        return run


@pytest.fixture(scope="session")
def playing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Playing:
    items = [item for item in request.session.items if isinstance(item, pytest.Function)]
    plans_of = [item.callspec.params.get("plan") for item in items if hasattr(item, "callspec")]
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    folder = tmp_path_factory.getbasetemp()
    machine = SharedMachine((folder.parent if workers > 1 else folder) / "machine.lock")
    selected = {plan.name for plan in plans_of if isinstance(plan, Plan)}
    return Playing(machine, selected, max(1, LOOPS // workers))


@pytest.mark.busy
@pytest.mark.clock
@pytest.mark.slow
@pytest.mark.parametrize(("number", "plan"), [*params()])
def test_sim_and_real_tell_the_same_story(playing: Playing, number: int, plan: Plan) -> None:
    sim = run_in_sim(plan)
    if sim.outcome is Outcome.NOT_APPLICABLE:
        pytest.skip(sim.problem)
    real = playing.run(number, plan)
    assert differences(sim, real) == []
